"use strict";
// Volumes are stored [z][y][x]: head to foot, anterior to posterior, patient's right to left.
const grid = JSON.parse(document.getElementById("grid").textContent);
const [nx, ny, nz] = grid.size;
const byId = (id) => document.getElementById(id);
const at = { x: Math.floor(nx / 2), y: Math.floor(ny / 2), z: Math.floor(nz / 2) };
const views = {
  coronal: { across: "x", down: "z", through: "y", ends: ["R", "L"] },
  sagittal: { across: "y", down: "z", through: "x", ends: ["A", "P"] },
  axial: { across: "x", down: "y", through: "z", ends: ["R", "L"] },
};
const count = { x: nx, y: ny, z: nz };
const stride = { x: 1, y: nx, z: nx * ny };
let pet = null, ct = null, cross = true, waiting = false;

async function unpacked(id) {
  const element = byId(id);
  const text = atob(element.textContent);
  element.remove();
  const packed = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) packed[i] = text.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Colour of every pair of stored codes is table lookup: PET code -> rgb, CT code -> grey.
function tables() {
  const suvMax = +byId("suv").value, alpha = +byId("alpha").value;
  const low = +byId("low").value, high = Math.max(+byId("high").value, low + 10);
  const hot = new Float32Array(768), grey = new Float32Array(256);
  for (let code = 0; code < 256; code++) {
    const level = Math.round(Math.min(grid.suv[code] / suvMax, 1) * 255);
    for (let c = 0; c < 3; c++) hot[3 * code + c] = alpha * grid.hot[level][c];
    const share = Math.min(Math.max((grid.hu[code] - low) / (high - low), 0), 1);
    grey[code] = (1 - alpha) * 255 * share;
  }
  return { hot, grey };
}

function draw(name, colours) {
  const view = views[name], canvas = byId(name);
  const width = count[view.across], height = count[view.down];
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const da = stride[view.across], dd = stride[view.down];
  const start = at[view.through] * stride[view.through];
  for (let row = 0, to = 0; row < height; row++) {
    for (let column = 0, from = start + row * dd; column < width; column++, from += da, to += 4) {
      const hot = 3 * pet[from], grey = colours.grey[ct[from]];
      image.data[to] = colours.hot[hot] + grey;
      image.data[to + 1] = colours.hot[hot + 1] + grey;
      image.data[to + 2] = colours.hot[hot + 2] + grey;
      image.data[to + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  if (cross) drawCross(context, at[view.across] + 0.5, at[view.down] + 0.5, width, height);
  context.fillStyle = "#cfd6dd";
  context.font = "10px sans-serif";
  context.fillText(view.ends[0], 2, 10);
  context.fillText(view.ends[1], width - 9, 10);
  byId("slice-" + name).value = at[view.through];
  byId("at-" + name).textContent = `${at[view.through] + 1} of ${count[view.through]}`;
}

function drawCross(context, x, y, width, height) {
  const gap = 6;
  context.strokeStyle = "rgba(120, 220, 255, 0.75)";
  context.lineWidth = 0.6;
  context.beginPath();
  for (const [x0, y0, x1, y1] of [[0, y, x - gap, y], [x + gap, y, width, y],
    [x, 0, x, y - gap], [x, y + gap, x, height]]) {
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
  }
  context.stroke();
}

function redraw() {
  if (waiting || !pet) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    const colours = tables();
    for (const name of Object.keys(views)) draw(name, colours);
    for (const id of ["suv", "low", "high"]) byId(id + "-value").textContent = byId(id).value;
    byId("alpha-value").textContent = (+byId("alpha").value).toFixed(2);
    const here = at.x + at.y * stride.y + at.z * stride.z;
    byId("probe").textContent =
      `At the cross hair: SUV ${grid.suv[pet[here]].toFixed(1)}, ${Math.round(grid.hu[ct[here]])} HU`;
  });
}

function move(axis, to) {
  at[axis] = Math.min(Math.max(to, 0), count[axis] - 1);
  redraw();
}

function listen(name) {
  const view = views[name], canvas = byId(name), slider = byId("slice-" + name);
  canvas.width = count[view.across];
  canvas.height = count[view.down];
  slider.max = count[view.through] - 1;
  slider.addEventListener("input", () => move(view.through, +slider.value));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    move(view.through, at[view.through] + Math.sign(event.deltaY));
  }, { passive: false });
  const steps = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1, PageUp: -10, PageDown: 10 };
  canvas.addEventListener("keydown", (event) => {
    if (!(event.key in steps)) return;
    event.preventDefault();
    move(view.through, at[view.through] + steps[event.key]);
  });
  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    move(view.across, Math.floor((event.clientX - box.left) / box.width * canvas.width));
    move(view.down, Math.floor((event.clientY - box.top) / box.height * canvas.height));
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    point(event);
  });
  canvas.addEventListener("pointermove", (event) => { if (event.buttons) point(event); });
}

// One scale for all three slices, as large as the window allows.
function fit() {
  const room = document.querySelector(".views").clientWidth, gap = 12;
  const beside = room < 620 ? nx + ny : 2 * nx + ny;
  const gaps = room < 620 ? gap : 2 * gap;
  const scale = Math.min((room - gaps - 1) / beside, Math.max(0.8 * innerHeight, 400) / nz);
  for (const [name, view] of Object.entries(views)) {
    byId(name).style.width = `${count[view.across] * scale}px`;
    byId(name).style.height = `${count[view.down] * scale}px`;
  }
}

function choose(values) {
  ["suv", "alpha", "low", "high"].forEach((id, n) => { byId(id).value = values[n]; });
  redraw();
}

async function begin() {
  for (const name of Object.keys(views)) listen(name);
  fit();
  addEventListener("resize", fit);
  for (const id of ["suv", "alpha", "low", "high"]) byId(id).addEventListener("input", redraw);
  for (const button of document.querySelectorAll("[data-preset]")) {
    button.addEventListener("click", () => choose(button.dataset.preset.split(",")));
  }
  byId("cross").addEventListener("click", () => {
    cross = !cross;
    byId("cross").setAttribute("aria-pressed", String(cross));
    redraw();
  });
  [pet, ct] = await Promise.all([unpacked("pet"), unpacked("ct")]);
  redraw();
}

begin().catch((why) => { byId("probe").textContent = `The volumes cannot be shown: ${why}`; });
