"use strict";
const sheet = document.body.dataset.sheet;
const articles = [...document.querySelectorAll("article")];
const reader = document.getElementById("reader");
const note = document.getElementById("note");

function ratingOf(article) {
  const chosen = article.querySelector("input[type=radio]:checked");
  const errors = {};
  for (const field of article.querySelectorAll("input[type=number]")) {
    const count = Math.max(0, Math.floor(Number(field.value) || 0));
    errors[field.dataset.error] ??= {};
    errors[field.dataset.error][field.dataset.weight] = count;
  }
  return {
    item: article.dataset.item,
    score: chosen ? chosen.value : null,
    errors,
    comment: article.querySelector("textarea").value,
  };
}

function showProgress() {
  let done = 0;
  for (const article of articles) {
    const rated = ratingOf(article).score !== null;
    article.classList.toggle("done", rated);
    done += rated;
  }
  note.textContent = `${done} / ${articles.length}`;
}

function save() {
  if (!reader.value.trim()) {
    reader.focus();
    note.textContent = reader.labels[0].textContent + "?";
    return;
  }
  const ratings = articles.map(ratingOf).sort((a, b) => (a.item < b.item ? -1 : 1));
  const content = { schema: "pet2rep/rating/1", sheet, reader: reader.value.trim(), ratings };
  const blob = new Blob([JSON.stringify(content, null, 2) + "\n"], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  const name = reader.value.trim().replace(/[^\p{L}\p{N}_-]+/gu, "-");
  link.download = `rating-${name}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function load(event) {
  const [file] = event.target.files;
  if (!file) return;
  let content;
  try {
    content = JSON.parse(await file.text());
  } catch {
    note.textContent = "no JSON";
    return;
  }
  if (content.sheet !== sheet) {
    note.textContent = "another sheet / 不是这份评分表";
    return;
  }
  reader.value = content.reader;
  const saved = new Map(content.ratings.map((rating) => [rating.item, rating]));
  for (const article of articles) {
    const rating = saved.get(article.dataset.item);
    if (!rating) continue;
    for (const radio of article.querySelectorAll("input[type=radio]")) {
      radio.checked = radio.value === rating.score;
    }
    for (const field of article.querySelectorAll("input[type=number]")) {
      field.value = rating.errors?.[field.dataset.error]?.[field.dataset.weight] ?? 0;
    }
    article.querySelector("textarea").value = rating.comment ?? "";
  }
  showProgress();
}

document.getElementById("save").addEventListener("click", save);
document.getElementById("load").addEventListener("change", load);
document.addEventListener("input", showProgress);
showProgress();
