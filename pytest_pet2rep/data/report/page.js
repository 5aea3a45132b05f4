"use strict";
// Everything that came from a report enters the page as text nodes, never as markup.
const PAGE = 100;
const byId = (id) => document.getElementById(id);
const data = (id) => JSON.parse(byId(id).textContent);
const words = data("words");
const organWords = data("organ-words");
let language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";

function word(key) {
  const organ = key.startsWith("organ.") ? organWords[key.slice(6)] : words[key];
  return organ ? organ[language] : key.slice(key.indexOf(".") + 1).replaceAll("_", " ");
}
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
const w = (key, name = "span", attributes = {}) => make(name, { ...attributes, "data-w": key }, word(key));

function speak() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-w]")) element.textContent = word(element.dataset.w);
  for (const element of document.querySelectorAll("[data-zh]")) {
    element.textContent = language === "zh" ? element.dataset.zh : element.dataset.en;
    element.lang = language === "zh" ? "zh-CN" : "en";
  }
  for (const element of document.querySelectorAll("[data-w-label]")) element.setAttribute("aria-label", word(element.dataset.wLabel));
  const button = byId("language");
  button.textContent = language === "zh" ? "English" : "中文";
  button.lang = language === "zh" ? "en" : "zh-CN";
  filter();
}
byId("language").addEventListener("click", () => { language = language === "zh" ? "en" : "zh"; speak(); });

// ---- tables: sorting -------------------------------------------------------------------------
function cellValue(row, column) {
  const cell = row.cells[column];
  return cell.dataset.v !== undefined ? Number(cell.dataset.v) : cell.textContent.trim();
}
const collator = new Intl.Collator(undefined, { numeric: true });
function sortBy(button) {
  const head = button.closest("th");
  const table = button.closest("table");
  const column = Number(button.dataset.column);
  const current = head.getAttribute("aria-sort");
  const first = button.dataset.numeric ? "descending" : "ascending";
  const other = first === "ascending" ? "descending" : "ascending";
  const next = current === first ? other : first;
  for (const each of table.tHead.rows[0].cells) each.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", next);
  const sign = next === "ascending" ? 1 : -1;
  const body = table.tBodies[0];
  const keyed = Array.from(body.rows, (row) => [cellValue(row, column), row]);
  keyed.sort(([a], [b]) => sign * (typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b))));
  body.append(...keyed.map(([, row]) => row));
  if (table.id === "case-table") filter();
}
for (const button of document.querySelectorAll(".sort")) button.addEventListener("click", () => sortBy(button));

// ---- the list of cases: filters, a part at a time ------------------------------------------------
const caseTable = byId("case-table");
const allRows = Array.from(caseTable.tBodies[0].rows);
let most = PAGE;
function filter() {
  const text = byId("filter-text").value.trim().toLowerCase();
  const organ = byId("filter-organ").value;
  const kind = byId("filter-outcome").value;
  const risk = Number(byId("filter-risk").value || 0);
  let found = 0;
  for (const row of caseTable.tBodies[0].rows) {
    const kept = (!text || row.dataset.id.toLowerCase().includes(text))
      && (!organ || row.dataset.organs.split(" ").includes(organ))
      && (!kind || row.dataset.kinds.split(" ").includes(kind))
      && Number(row.dataset.risk) >= risk;
    found += kept;
    row.hidden = !kept || found > most;
  }
  byId("filter-count").textContent = found ? `${found} ${word("cases.of")} ${allRows.length} ${word("cases.shown")}` : word("cases.nothing");
  byId("more").hidden = found <= most;
  for (const shape of document.querySelectorAll(".organ[data-organ], .label[data-organ]")) shape.classList.toggle("on", shape.dataset.organ === organ);
}
const filters = byId("filters");
filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("input", () => { most = PAGE; filter(); });
filters.addEventListener("reset", () => setTimeout(() => { most = PAGE; filter(); }));
byId("more").addEventListener("click", () => { most += PAGE; filter(); });
for (const button of document.querySelectorAll(".choose")) {
  button.addEventListener("click", () => {
    byId("filter-organ").value = button.dataset.organ;
    most = PAGE;
    filter();
    byId("cases").scrollIntoView();
    byId("filter-organ").focus({ preventScroll: true });
  });
}
for (const row of byId("organ-table").tBodies[0].rows) {
  const light = (on) => { for (const shape of document.querySelectorAll(`[data-organ="${CSS.escape(row.dataset.organ)}"]`)) shape.classList.toggle("on", on); };
  row.addEventListener("mouseenter", () => light(true));
  row.addEventListener("mouseleave", () => { light(false); filter(); });
}

// ---- the page of a case -----------------------------------------------------------------------------
const STATE_SIGNS = { increased: "↑", decreased: "↓", absent: "∅", normal: "=", unstated: "·" };
function states(names) {
  const found = make("span");
  names.forEach((name, index) => { if (index) found.append(" + "); found.append(w(`state.${name}`, "span", { class: `state ${name}` })); });
  return found;
}
function result(organ) {
  const good = organ.outcome === "hit";
  const half = organ.outcome === "unstated" || organ.outcome === "ambiguous";
  const key = organ.kind ? `kind.${organ.kind}` : organ.word || `outcome.${organ.outcome}`;
  return make("span", { class: `result ${good ? "ok" : half ? "half" : "no"}` }, good ? "✓ " : half ? "? " : "✗ ", w(key));
}
function section(key, ...children) { return make("div", {}, w(key, "h3"), ...children); }

function reportText(side, text, organs, language_, other) {
  const box = make("p", { class: "text", lang: language_ === "zh" ? "zh-CN" : "en" });
  text.pieces.forEach(([shown, mentions], number) => {
    if (!mentions) { box.append(shown); return; }
    const mention = text.mentions[mentions[0]];
    const organ = organs.get(mention.organ);
    const differs = mention.scored && organ && organ.outcome !== "hit";
    const piece = make("span", { class: `m ${mention.state}${mention.scored ? "" : " off"}${differs ? " differs" : ""}`, "data-side": side, "data-mention": mentions[0], "data-organ": mention.organ, "data-fine": mention.fine });
    if (mention.starts === number) {
      piece.setAttribute("role", "button");
      piece.tabIndex = 0;
      piece.setAttribute("aria-describedby", "reading-text");
      const sign = (differs ? "≠" : "") + (differs || mention.state !== "normal" ? STATE_SIGNS[mention.state] : "");
      if (sign) piece.append(make("sup", { "aria-hidden": "true" }, sign));
    }
    piece.append(shown);
    box.append(piece);
  });
  if (text.cut) box.append(make("span", { class: "hint" }, ` … ${text.cut} `, w("case.cut")));
  return box;
}

const USUAL = { organ: "", fine: "", side: "", part: "", degree: "", certainty: "definite", suvmax: null, section: "findings" };
// What is usual is left out of the data; the evidence is what the pieces of a mention say.
function filledIn(text) {
  if (!text) return;
  text.mentions = text.mentions.map((mention, number) => {
    const evidence = text.pieces.filter(([, mentions]) => mentions && mentions.includes(number)).map(([shown]) => shown).join("");
    return { ...USUAL, ...mention, fine: mention.fine || mention.organ, evidence };
  });
}

function explain(text, organs, number, mentions) {
  const panel = byId("reading-text");
  panel.replaceChildren();
  for (const each of [number, ...mentions.filter((other) => other !== number)].slice(0, 4)) {
    const mention = text.mentions[each];
    const organ = organs.get(mention.organ);
    const about = [mention.side && w(`side.${mention.side}`), mention.part && make("span", {}, mention.part), mention.degree && w(`degree.${mention.degree}`), w(`certainty.${mention.certainty}`), mention.suvmax !== null && make("span", {}, `SUVmax ${mention.suvmax}`), w(`section.${mention.section}`)];
    const line = make("p", { class: "what" }, make("strong", {}, mention.organ ? w(`organ.${mention.organ}`) : make("span", {}, mention.fine)), mention.organ && mention.fine !== mention.organ ? make("span", { class: "hint" }, ` (${mention.fine})`) : null, ": ", w(`state.${mention.state}`, "span", { class: `state ${mention.state}` }));
    for (const part of about) if (part) line.append(" · ", part);
    line.append(" · ", w("reading.rule"), ` ${mention.rule} `);
    const rule = `rule.${mention.rule.split(".")[0]}`;
    if (words[rule]) line.append(make("span", { class: "hint" }, "(", w(rule), ")"));
    if (!mention.organ) line.append(" · ", w("reading.other_organ", "span", { class: "hint" }));
    else if (!mention.scored) line.append(" · ", w("reading.unscored", "span", { class: "hint" }));
    panel.append(line);
    const more = make("p", { class: "hint" }, w("reading.evidence"), ": “", mention.evidence, "”");
    if (organ) more.append(" · ", w("case.expected"), ": ", states(organ.expected), " · ", w("case.said"), ": ", states(organ.generated), " · ", result(organ));
    panel.append(more);
  }
}

function counterpart(view, piece, text, otherText) {
  const mention = text.mentions[piece.dataset.mention];
  const side = piece.dataset.side === "reference" ? "generated" : "reference";
  let best = null, most = 0;
  for (const candidate of view.querySelectorAll(`.m[role][data-side="${side}"]`)) {
    const other = otherText.mentions[candidate.dataset.mention];
    const same = mention.organ ? other.organ === mention.organ : other.fine === mention.fine;
    if (!same) continue;
    const score = 1 + 4 * (other.fine === mention.fine) + 3 * (other.section === mention.section) + 2 * (other.side === mention.side) + 2 * (other.part === mention.part) + (other.state === mention.state);
    if (score > most) { best = candidate; most = score; }
  }
  return best;
}

function wireMentions(view, texts, organs) {
  const both = () => view.querySelectorAll(".m[data-side]"); // those of the legend say nothing
  const clear = () => { for (const each of both()) each.classList.remove("linked", "chosen"); };
  const show = (piece) => {
    clear();
    const text = texts[piece.dataset.side];
    const number = Number(piece.dataset.mention);
    const covering = text.pieces.map(([, mentions]) => mentions).find((mentions) => mentions && mentions[0] === number) || [number];
    for (const each of both()) {
      const same = piece.dataset.organ ? each.dataset.organ === piece.dataset.organ : each.dataset.fine === piece.dataset.fine;
      each.classList.toggle("linked", same);
      each.classList.toggle("chosen", each.dataset.side === piece.dataset.side && each.dataset.mention === piece.dataset.mention);
    }
    explain(text, organs, number, covering);
  };
  const go = (piece) => {
    const other = piece.dataset.side === "reference" ? "generated" : "reference";
    const target = texts[other] && counterpart(view, piece, texts[piece.dataset.side], texts[other]);
    if (target) { target.focus(); target.scrollIntoView({ block: "nearest" }); show(target); }
    else { show(piece); byId("reading-text").prepend(make("p", { class: "result no" }, w("case.no_counterpart"))); }
  };
  for (const piece of both()) {
    piece.addEventListener("mouseenter", () => show(piece));
    piece.addEventListener("focus", () => show(piece));
    piece.addEventListener("click", () => go(piece));
    piece.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); go(piece); } });
  }
}

function underlines() {
  const row = make("p", { class: "legend" });
  for (const state of ["increased", "decreased", "absent", "normal"]) row.append(make("span", { class: `m ${state}` }, make("sup", { "aria-hidden": "true" }, STATE_SIGNS[state]), w(`state.${state}`)));
  row.append(make("span", { class: "m differs" }, make("sup", { "aria-hidden": "true" }, "≠"), w("case.differs")), make("span", { class: "m off" }, w("reading.unscored")));
  return row;
}

function organTable(found) {
  const body = make("tbody");
  for (const organ of found.organs) {
    const said = organ.generated.length ? states(organ.generated) : w(`outcome.${organ.outcome}`);
    const evidence = organ.evidence.filter(Boolean).length ? make("td", { class: "evidence" }, organ.evidence[0] || "–", " / ", organ.evidence[1] || "–") : make("td", { class: "evidence" }, "–");
    const expected = make("td", {}, states(organ.expected));
    if (organ.visible === false) expected.append(" ", w("case.hidden", "span", { class: "hint" }));
    body.append(make("tr", { "data-failed": organ.outcome !== "hit" }, make("th", { scope: "row" }, w(`organ.${organ.organ}`)), expected, make("td", {}, said), make("td", {}, result(organ)), make("td", {}, organ.source ? w(`source.${organ.source}`, "span", { class: "hint" }) : "–"), evidence));
  }
  const heads = ["organs.organ", "case.expected", "case.said", "case.result", "case.source", "case.evidence"].map((key) => make("th", { scope: "col" }, w(key)));
  const table = make("table", { id: "case-organs" }, make("thead", {}, make("tr", {}, ...heads)), body);
  const box = make("input", { type: "checkbox", id: "only-troubled" });
  box.addEventListener("change", () => { for (const row of body.rows) row.hidden = box.checked && row.dataset.failed === undefined; });
  return section("case.organs", make("p", {}, make("label", { for: "only-troubled" }, box, " ", w("case.only_troubled"))), make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": word("case.organs"), "data-w-label": "case.organs" }, table));
}

function pictures(found) {
  if (!found.images.length) return make("p", { class: "hint" }, w("case.no_images"));
  const row = make("div", { class: "pictures" });
  for (const image of found.images) row.append(make("figure", {}, make("img", { src: image.source, width: image.width, height: image.height, alt: image.name }), make("figcaption", {}, `${image.name} · ${image.width} × ${image.height}`)));
  return section("case.images", row);
}

function textBox(side, found, organs) {
  const text = found[side];
  if (text) return section(`case.${side}`, reportText(side, text, organs, found.language));
  if (side === "generated" && found.outcome !== "usable") return section("case.generated", make("p", {}, w("case.no_report"), " ", w(`outcome.${found.outcome}`, "strong")), make("p", { class: "hint" }, found.reason));
  return section(`case.${side}`, make("p", { class: "hint" }, w("case.withheld")));
}

function neighbours(row) {
  const shown = Array.from(caseTable.tBodies[0].rows).filter((each) => !each.hidden || each === row);
  const at = shown.indexOf(row);
  return [shown[at - 1], shown[at + 1]];
}
function step(key, row) {
  return row ? make("a", { href: row.querySelector("a").getAttribute("href") }, w(key)) : make("span", { class: "hint" }, w(key));
}

function showCase(row) {
  const found = data(row.id.slice(4));
  filledIn(found.reference);
  filledIn(found.generated);
  const view = byId("case-view");
  const organs = new Map(found.organs.map((organ) => [organ.organ, organ]));
  const [before, after] = neighbours(row);
  const title = make("h2", { id: "case-title" }, found.case + (found.repeat ? ` (${word("cases.repeat")} ${found.repeat})` : ""));
  const facts = make("p", { class: "lead" });
  if (found.sex) facts.append(w(`sex.${found.sex}`), " · ");
  if (found.age !== null) facts.append(`${found.age} `, w("years"), " · ");
  facts.append(w("cases.risk_column"), ` ${found.risk} · `, w("cases.report"), ": ", w(`outcome.${found.outcome}`));
  const hasTexts = found.reference || found.generated;
  view.replaceChildren(
    make("div", { class: "case-bar" }, make("a", { href: "#cases" }, "← ", w("case.back")), make("div", {}, step("case.previous", before), step("case.next", after))),
    title, facts, pictures(found), hasTexts ? underlines() : "",
    make("div", { class: "texts" }, textBox("reference", found, organs), textBox("generated", found, organs)),
    hasTexts ? make("div", { class: "reading", role: "region", "aria-label": word("case.reading"), "data-w-label": "case.reading" }, w("case.reading", "h3"), make("div", { id: "reading-text", "aria-live": "polite" }, w("case.hint", "p", { class: "hint" }))) : "",
    organTable(found),
  );
  if (found.checks.length) {
    const rows = found.checks.map(([name, outcome, reason]) => make("tr", {}, make("th", { scope: "row" }, make("code", {}, name)), make("td", {}, result({ outcome, kind: "", word: { hit: "check.passed", miss: "check.failed" }[outcome] })), make("td", { class: "evidence" }, reason)));
    const heads = ["holes.item", "case.result", "holes.reason"].map((key) => make("th", { scope: "col" }, w(key)));
    view.append(section("case.checks", make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": word("case.checks"), "data-w-label": "case.checks" }, make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows)))));
  }
  if (found.raw) view.append(make("details", {}, w("case.raw", "summary"), make("p", { class: "raw" }, found.raw)));
  wireMentions(view, found, organs);
}

// ---- where the page is: an overview, or one case ----------------------------------------------------
const rowOf = new Map(allRows.map((row) => [row.querySelector("a").getAttribute("href"), row]));
let scrolled = 0, inCase = false;
function route() {
  const row = rowOf.get(location.hash);
  const overview = byId("overview"), view = byId("case-view");
  if (row) {
    if (!inCase) scrolled = window.scrollY;
    inCase = true;
    showCase(row);
    overview.hidden = true;
    view.hidden = false;
    window.scrollTo({ top: 0, behavior: "instant" });
    view.focus({ preventScroll: true });
    return;
  }
  view.hidden = true;
  overview.hidden = false;
  if (!inCase) return;
  inCase = false;
  view.replaceChildren();
  const target = location.hash.length > 1 && byId(location.hash.slice(1));
  if (location.hash === "#cases") window.scrollTo({ top: scrolled, behavior: "instant" });
  else if (target) target.scrollIntoView();
}
window.addEventListener("hashchange", route);
filter();
route();
