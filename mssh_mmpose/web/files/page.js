'use strict';
const $ = (id) => document.getElementById(id);
let picture = null; // the chosen file
let boxes = []; // of the people, [x1, y1, x2, y2] in pixels of the picture; none for all of it
let chosen = 0; // whose heatmaps and scores are shown
let shown = []; // boxes of the newest answer
let size = [1, 1];
let request = null; // the newest; older ones are given up
let limits = {};

function say(text, kind = '') {
  $('status').textContent = text;
  $('status').className = kind;
}

function drawBox(box, number) {
  const scale = $('picture').clientWidth / size[0];
  const [x1, y1, x2, y2] = box;
  const frame = document.createElement('div');
  frame.className = number === chosen ? 'box chosen' : 'box';
  Object.assign(frame.style, {
    left: `${x1 * scale}px`, top: `${y1 * scale}px`,
    width: `${(x2 - x1) * scale}px`, height: `${(y2 - y1) * scale}px`,
  });
  frame.appendChild(document.createElement('span')).textContent = number + 1;
  return frame;
}

function drawBoxes(list) {
  $('boxes').replaceChildren(...list.map(drawBox));
}

function fillTable(joints) {
  $('occlusion').hidden = joints[0].visible === null;
  $('scores').replaceChildren(...joints.map((joint) => {
    const row = document.createElement('tr');
    const cells = [joint.name.replaceAll('_', ' '), joint.x.toFixed(1), joint.y.toFixed(1), joint.score.toFixed(2)];
    if (joint.visible !== null) cells.push(joint.visible ? 'visible' : 'occluded');
    for (const text of cells) row.insertCell().textContent = text;
    return row;
  }));
}

function show(answer) {
  size = answer.size;
  shown = answer.people.map((person) => person.box);
  $('picture').onload = () => drawBoxes(shown);
  $('picture').src = answer.picture;
  $('stacks').hidden = !answer.stacks;
  if (answer.stacks) $('stacks').src = answer.stacks;
  $('person').replaceChildren(...shown.map((_, i) => new Option(i + 1, i + 1, false, i === chosen)));
  fillTable(answer.people[chosen].joints);
  $('result').hidden = false;
  const time = `${size[0]} x ${size[1]} pixels, predicted in ${answer.milliseconds} ms (flip test included).`;
  const notes = answer.people.flatMap((person, i) => person.note ? [`Person ${i + 1}: ${person.note}`] : []);
  say([time, ...notes].join(' '), notes.length ? 'doubt' : '');
}

async function predict() {
  if (!picture) return;
  request?.abort();
  const mine = request = new AbortController();
  say('Predicting ...');
  const query = new URLSearchParams({ person: chosen + 1, joint: $('joint').value, threshold: $('threshold').value });
  for (const box of boxes) query.append('box', box.join(','));
  try {
    const response = await fetch(`/predict?${query}`, { method: 'POST', body: picture, signal: mine.signal });
    const answer = await response.json().catch(() => ({ detail: response.statusText }));
    if (mine !== request) return;
    if (response.ok) show(answer);
    else say(answer.detail, 'error');
  } catch (error) {
    if (mine === request) say(`The server does not answer: ${error.message}`, 'error');
  }
}

function setBoxes(list, number) {
  boxes = list;
  chosen = Math.max(number, 0);
  $('remove').disabled = boxes.length === 0;
  predict();
}

function choose(file) {
  if (!file) return;
  if (file.size > limits.megabytes * 2 ** 20) {
    say(`${file.name} is larger than ${limits.megabytes} MiB.`, 'error');
    return;
  }
  picture = file;
  setBoxes([], 0);
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

function chooseAt(x, y) {
  const number = boxes.findLastIndex(([x1, y1, x2, y2]) => x1 <= x && x <= x2 && y1 <= y && y <= y2);
  if (number >= 0) setBoxes(boxes, number);
  else drawBoxes(shown);
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
    if (start) drawBoxes([...boxes, corners(event)]);
  });
  $('frame').addEventListener('pointerup', (event) => {
    const found = corners(event);
    start = null;
    if (found[2] - found[0] < 4 || found[3] - found[1] < 4) chooseAt(found[0], found[1]);
    else if (boxes.length === limits.people) {
      drawBoxes(shown);
      say(`Up to ${limits.people} people.`, 'error');
    } else setBoxes([...boxes, found], boxes.length);
  });
  $('remove').addEventListener('click', () => setBoxes(boxes.toSpliced(chosen, 1), chosen - 1));
  $('whole').addEventListener('click', () => setBoxes([], 0));
  $('person').addEventListener('change', () => setBoxes(boxes, Number($('person').value) - 1));
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
