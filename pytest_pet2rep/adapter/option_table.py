"""Every option of the plugin, once: the parser, the ini keys and the reference page come from it.

Cheap on purpose: it is imported in every pytest run of every project with the plugin installed.
"""

from __future__ import annotations

from typing import NamedTuple


class OptionRow(NamedTuple):
    """One option: ``--pet2rep-NAME`` and its ini twin ``pet2rep_NAME``."""

    name: str
    help: str
    default: str = ""
    """As text, shown in the reference; empty means not set."""
    choices: tuple[str, ...] = ()
    metavar: str = "TEXT"
    repeatable: bool = False
    switch: bool = False
    line_by_line: bool = False
    """In the ini file each value is a line of its own (it may hold blanks)."""

    @property
    def flag(self) -> str:
        return f"--pet2rep-{self.name}"

    @property
    def ini(self) -> str:
        return f"pet2rep_{self.name.replace('-', '_')}"


OPTIONS: tuple[OptionRow, ...] = (
    OptionRow(
        "model",
        "model under test, PROVIDER/NAME[@REVISION]: hf/, replay/, py/, baseline/ ...; "
        "turns the benchmark on",
        metavar="MODEL",
    ),
    OptionRow(
        "cases",
        "cohort: a folder of case folders, or a cohort file; default: the shipped cohort",
        metavar="PATH",
    ),
    OptionRow(
        "organs",
        "organ list that is scored: pet2rep19, petrg24, extended, or a profile .toml",
        default="pet2rep19",
        metavar="NAME",
    ),
    OptionRow(
        "metrics",
        "text metrics, comma separated: names (bleu4, rouge_l:char ...) or sets "
        "(pet2rep, petrg, full)",
        default="pet2rep",
        metavar="NAMES",
    ),
    OptionRow(
        "metric-arg",
        "KEY=VALUE for the text metrics, repeatable: user_dictionary, bertscore_model, "
        "bertscore_layer, bertscore_revision, bertscore_device",
        metavar="KEY=VALUE",
        repeatable=True,
    ),
    OptionRow(
        "decoding",
        "greedy, or paper (temperature 0.7, top_k 50, 1024 tokens)",
        default="greedy",
        choices=("greedy", "paper"),
    ),
    OptionRow(
        "preset",
        "paper: decoding, metrics, organs, section, views and language of the PET2Rep authors "
        "where they are not given, and their published rows beside the run's",
        choices=("paper",),
    ),
    OptionRow(
        "language",
        "language of prompt, reference and scoring; default: the case's own, else zh",
        choices=("zh", "en"),
    ),
    OptionRow(
        "section",
        "part of the report that is scored",
        default="findings",
        choices=("findings", "impression", "both"),
    ),
    OptionRow(
        "prompt",
        "prompt file instead of the built-in one (docs/reference/models.md)",
        metavar="FILE",
    ),
    OptionRow(
        "views",
        "fused (3 images) or separate (3 PET and 3 CT)",
        default="fused",
        choices=("fused", "separate"),
    ),
    OptionRow(
        "view-arg",
        "KEY=VALUE for the images, repeatable: plane, choice, fractions, indices, count, suv_max, "
        "ct_window, alpha, colormap, aspect (docs/reference/views.md)",
        metavar="KEY=VALUE",
        repeatable=True,
    ),
    OptionRow(
        "clean",
        "cleaning between raw answer and scored text, or none",
        default="standard",
        choices=("standard", "none"),
    ),
    OptionRow(
        "store",
        "folder of generations, shared by all runs; default: the user's cache folder",
        metavar="DIR",
    ),
    OptionRow("limit", "only the first N cases: the run is partial", metavar="N"),
    OptionRow("seed", "seed of sampled decoding", default="0", metavar="N"),
    OptionRow(
        "max-new-tokens",
        "longest report in tokens; default: 1024",
        metavar="N",
    ),
    OptionRow(
        "expectations",
        "strict: what the model did wrong fails the item; report: it is shown, not failed "
        "(the default where gates are set)",
        default="strict",
        choices=("strict", "report"),
    ),
    OptionRow(
        "silence",
        "an organ that the reference calls normal and the report leaves out: count it, or "
        "fail the item",
        default="count",
        choices=("count", "fail"),
    ),
    OptionRow(
        "model-arg",
        "KEY=VALUE for the provider, repeatable (docs/reference/models.md)",
        metavar="KEY=VALUE",
        repeatable=True,
    ),
    OptionRow(
        "model-revision",
        "name of the model version where it cannot be digested (py/ ...): lets stored "
        "generations be reused by later runs",
    ),
    OptionRow(
        "trust-remote-code",
        "run code that comes with the model; needs a pinned @REVISION or a local folder",
        switch=True,
    ),
    OptionRow(
        "allow-remote",
        "host that private cases may be sent to, repeatable; without it they stay on this machine",
        metavar="HOST",
        repeatable=True,
    ),
    OptionRow("offline", "nothing leaves this machine, private or not", switch=True),
    OptionRow(
        "concurrency",
        "requests to a server under way at once, over all workers",
        default="8",
        metavar="N",
    ),
    OptionRow(
        "serve",
        "command that starts the server for the run ({port} is a free port); it is stopped with "
        "the run (docs/how-to/vllm-server.md)",
        metavar="COMMAND",
    ),
    OptionRow(
        "serve-timeout",
        "seconds that the server may take until it is ready",
        default="900",
        metavar="N",
    ),
    OptionRow(
        "resume",
        "take up the last unfinished run with these settings where it was; start a new one if "
        "there is none (docs/how-to/resume.md)",
        switch=True,
    ),
    OptionRow(
        "retry-errors",
        "take up the last run with these settings, finished or not, and try its errors and "
        "timeouts again",
        switch=True,
    ),
    OptionRow(
        "redact",
        "keep texts out of everything but the store: ids, states and numbers only",
        switch=True,
    ),
    OptionRow(
        "run-dir",
        "folder of this run's files (docs/reference/run-files.md); default: a new one in the "
        "user's cache folder",
        metavar="DIR",
    ),
    OptionRow(
        "shard", "run one part of the cohort, e.g. 3/16, to be merged", metavar="INDEX/COUNT"
    ),
    OptionRow("save", "keep this run as the baseline NAME of the project", metavar="NAME"),
    OptionRow(
        "baseline",
        "earlier run to compare with: a name, a baseline file or a run folder",
        metavar="NAME|PATH",
    ),
    OptionRow(
        "baseline-missing",
        "a baseline that is not there: error, warn, or save this run under its name",
        default="error",
        choices=("error", "warn", "save"),
    ),
    OptionRow(
        "allow-difference",
        "compare with the baseline although this differs, repeatable: cohort, prompt, "
        "preprocessing, decoding, organs, section, cleaning, extractor, metrics",
        metavar="NAME",
        repeatable=True,
    ),
    OptionRow(
        "epochs",
        "generate and score every report K times, with other seeds",
        default="1",
        metavar="K",
    ),
    OptionRow(
        "aa",
        "ask for the reports of K cases once more, unchanged: how many texts and verdicts differ?",
        default="0",
        metavar="K",
    ),
    OptionRow(
        "control",
        "ask for the reports of a sample once more with other images (blank-image, wrong-image): "
        "does the model look at them?",
        metavar="NAMES",
    ),
    OptionRow(
        "control-cases",
        "number of cases that --pet2rep-control is tried on",
        default="20",
        metavar="N",
    ),
    OptionRow(
        "floors",
        "baselines that see no image, scored beside the model on the same items: all, or none",
        default="all",
        choices=("all", "none"),
    ),
    OptionRow(
        "gate",
        "what the run must reach, repeatable: 'ce_recall[organ=liver] >= 0.8', "
        "'bleu4 >= baseline - 0.02', 'lift(ce_f1) >= 0.05' ... (docs/reference/gates.md)",
        metavar="EXPR",
        repeatable=True,
        line_by_line=True,
    ),
    OptionRow(
        "gates",
        "tables [tool.pet2rep.gates.NAME] of pyproject.toml that count, comma separated, or "
        "none; default: all",
        metavar="NAMES",
    ),
    OptionRow(
        "confidence",
        "of the one-sided bound that a gate is judged on",
        default="0.95",
        metavar="P",
    ),
    OptionRow(
        "undecided",
        "what a gate does that the cases can neither pass nor fail",
        default="fail",
        choices=("fail", "warn", "pass"),
    ),
    OptionRow(
        "fail-on-error",
        "cases that may end in an error or a timeout: any (one fails the run), none (no number "
        "does), a share (2%) or a count (5); default: any, or what a gate on error_rate says",
        metavar="any|none|SHARE|COUNT",
    ),
    OptionRow(
        "plan",
        "say what each gate can see on this cohort, what it takes and what it costs; generate "
        "nothing",
        switch=True,
    ),
    OptionRow(
        "plan-arg",
        "KEY=VALUE for the plan, repeatable: seconds, price, concurrency, correlation, "
        "intraclass, or the expected value of a METRIC (docs/reference/gates.md)",
        metavar="KEY=VALUE",
        repeatable=True,
    ),
    OptionRow("json", "write the whole summary as JSON", metavar="PATH"),
    OptionRow(
        "gates-junit",
        "write the gates as a JUnit file of their own (items: pytest's --junitxml)",
        metavar="PATH",
    ),
    OptionRow("html", "write the report of the run as one HTML page", metavar="PATH"),
)
