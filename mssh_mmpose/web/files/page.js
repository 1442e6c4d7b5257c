'use strict';
const $ = (id) => document.getElementById(id);
let picture = null; // the chosen file
let box = null; // [x1, y1, x2, y2] in pixels of the picture, or null for all of it
let size = [1, 1];
let turn = 0; // number of the newest request; answers to older ones are dropped
let limits = {};

function say(text, isError = false) {
  $('status').textContent = text;
  $('status').classList.toggle('error', isError);
}

function place(x1, y1, x2, y2) {
  const scale = $('picture').clientWidth / size[0];
  Object.assign($('box').style, {
    left: `${x1 * scale}px`, top: `${y1 * scale}px`,
    width: `${(x2 - x1) * scale}px`, height: `${(y2 - y1) * scale}px`,
  });
}

function show(answer) {
  size = answer.size;
  $('picture').onload = () => place(...answer.box);
  $('picture').src = answer.picture;
  $('stacks').src = answer.stacks;
  $('occlusion').hidden = answer.joints[0].visible === null;
  $('scores').replaceChildren(...answer.joints.map((joint) => {
    const row = document.createElement('tr');
    const cells = [joint.name.replaceAll('_', ' '), joint.x.toFixed(1), joint.y.toFixed(1), joint.score.toFixed(2)];
    if (joint.visible !== null) cells.push(joint.visible ? 'visible' : 'occluded');
    for (const text of cells) row.insertCell().textContent = text;
    return row;
  }));
  $('result').hidden = false;
  say(`${size[0]} x ${size[1]} pixels, predicted in ${answer.milliseconds} ms (flip test included)`);
}

async function predict() {
  if (!picture) return;
  const mine = ++turn;
  say('Predicting ...');
  const query = new URLSearchParams({ joint: $('joint').value, threshold: $('threshold').value });
  if (box) query.set('box', box.join(','));
  try {
    const response = await fetch(`/predict?${query}`, { method: 'POST', body: picture });
    const answer = await response.json().catch(() => ({ detail: response.statusText }));
    if (mine !== turn) return;
    if (response.ok) show(answer);
    else say(answer.detail, true);
  } catch (error) {
    if (mine === turn) say(`The server does not answer: ${error.message}`, true);
  }
}

function choose(file) {
  if (!file) return;
  if (file.size > limits.megabytes * 2 ** 20) {
    say(`${file.name} is larger than ${limits.megabytes} MiB.`, true);
    return;
  }
  picture = file;
  box = null;
  predict();
}

function listenToFiles() {
  $('file').addEventListener('change', (event) => choose(event.target.files[0]));
  const drop = document.body;
  for (const kind of ['dragover', 'dragleave', 'drop']) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      $('drop').classList.toggle('over', kind === 'dragover');
    });
  }
  drop.addEventListener('drop', (event) => choose(event.dataTransfer.files[0]));
  document.addEventListener('paste', (event) => choose(event.clipboardData.files[0]));
}

function listenToBox() {
  let start = null;
  const point = (event) => {
    const rect = $('picture').getBoundingClientRect();
    const inside = (value, length) => Math.min(Math.max(value, 0), 1) * length;
    return [
      inside((event.clientX - rect.left) / rect.width, size[0]),
      inside((event.clientY - rect.top) / rect.height, size[1]),
    ];
  };
  const corners = (event) => {
    const end = point(event);
    const pairs = [0, 1].map((i) => [start[i], end[i]].sort((a, b) => a - b));
    return [pairs[0][0], pairs[1][0], pairs[0][1], pairs[1][1]].map(Math.round);
  };
  $('frame').addEventListener('pointerdown', (event) => {
    start = point(event);
    $('frame').setPointerCapture(event.pointerId);
  });
  $('frame').addEventListener('pointermove', (event) => {
    if (start) place(...corners(event));
  });
  $('frame').addEventListener('pointerup', (event) => {
    const found = corners(event);
    start = null;
    if (found[2] - found[0] < 4 || found[3] - found[1] < 4) return; // a click
    box = found;
    predict();
  });
  $('whole').addEventListener('click', () => { box = null; predict(); });
}

async function begin() {
  const model = await (await fetch('/model')).json();
  limits = model;
  for (const name of ['all joints', ...model.joints]) {
    $('joint').add(new Option(name.replaceAll('_', ' '), name));
  }
  $('joint').addEventListener('change', predict);
  $('threshold').addEventListener('input', () => { $('threshold-value').value = $('threshold').value; });
  $('threshold').addEventListener('change', predict);
  listenToFiles();
  listenToBox();
  say(`Up to ${model.megabytes} MiB.`);
}

begin();
