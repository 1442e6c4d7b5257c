'use strict';
const $ = (id) => document.getElementById(id);
const CLICK = 5; // longest way of a click, in pixels of the screen
let picture = null; // the content of the chosen file
let boxes = []; // of the people, [x1, y1, x2, y2] in pixels of the picture; none for all of it
let chosen = 0; // whose heatmaps and scores are shown
let shown = []; // boxes of the newest answer
let accepted = [[], 0]; // boxes and chosen of the newest answer
let size = [1, 1];
let request = null; // the newest; older ones are given up
let limits = {}; // of the server, and the network's joints

function say(text, kind = '') {
  $('status').textContent = text;
  $('status').className = kind;
}

function drawBox(box, number) {
  const [x1, y1, x2, y2] = box;
  const share = (value, length) => `${100 * value / length}%`;
  const frame = document.createElement('div');
  frame.className = number === chosen ? 'box chosen' : 'box';
  Object.assign(frame.style, {
    left: share(x1, size[0]), top: share(y1, size[1]),
    width: share(x2 - x1, size[0]), height: share(y2 - y1, size[1]),
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
  $('frame').style.setProperty('--ratio', size[0] / size[1]);
  $('picture').src = answer.picture;
  drawBoxes(shown);
  $('stacks').hidden = !answer.stacks;
  if (answer.stacks) $('stacks').src = answer.stacks;
  $('person').replaceChildren(...shown.map((_, i) => new Option(i + 1, i + 1, false, i === chosen)));
  fillTable(answer.people[chosen].joints);
  $('result').hidden = false;
  const flip = answer.flip_test ? ' (flip test included)' : '';
  const time = `${size[0]} x ${size[1]} pixels, predicted in ${answer.milliseconds} ms${flip}.`;
  const notes = answer.people.flatMap((person, i) => person.note ? [`Person ${i + 1}: ${person.note}`] : []);
  say([time, ...notes].join(' '), notes.length ? 'doubt' : '');
}

async function ask(path, options) {
  const response = await fetch(path, options).catch((error) => {
    throw new Error(`The server does not answer: ${error.message}.`);
  });
  const answer = await response.json().catch(() => null); // a proxy's own page is HTML
  if (response.ok && answer) return answer;
  const unexplained = `The server, or a proxy in front of it, answered ${response.status}, but not with JSON.`;
  throw Object.assign(new Error(answer?.detail ?? unexplained), { status: response.status });
}

async function predict() {
  if (!picture) return;
  request?.abort();
  const mine = request = new AbortController();
  say('Predicting ...');
  const query = new URLSearchParams({ person: chosen + 1, joint: $('joint').value, threshold: $('threshold').value });
  for (const box of boxes) query.append('box', box.join(','));
  try {
    const answer = await ask(`predict?${query}`, { method: 'POST', body: picture, signal: mine.signal });
    if (mine !== request) return;
    accepted = [boxes, chosen];
    show(answer);
  } catch (error) {
    if (mine !== request) return;
    if (error.status === 422) forgetRefused();
    say(error.message, 'error');
  }
}

function forgetRefused() {
  [boxes, chosen] = accepted; // those that can be seen
  $('remove').disabled = boxes.length === 0;
  $('person').value = chosen + 1;
  drawBoxes(shown);
}

function setBoxes(list, number) {
  boxes = list;
  chosen = Math.max(number, 0);
  $('remove').disabled = boxes.length === 0;
  predict();
}

function addBox(box) {
  if (boxes.length < limits.people) setBoxes([...boxes, box], boxes.length);
  else {
    drawBoxes(shown);
    say(`Up to ${limits.people} people.`, 'error');
  }
}

async function choose(file) {
  if (!file) return;
  if (file.size > limits.megabytes * 2 ** 20) {
    say(`${file.name} is larger than ${limits.megabytes} MiB.`, 'error');
    return;
  }
  try {
    picture = await file.arrayBuffer(); // as it is now, whatever happens to the file
  } catch (error) {
    say(`${file.name} cannot be read: ${error.message}`, 'error');
    return;
  }
  $('result').hidden = true; // it shows another picture
  accepted = [[], 0];
  setBoxes([], 0);
}

function listenToFiles() {
  $('file').addEventListener('change', async () => {
    await choose($('file').files[0]);
    $('file').value = ''; // so that choosing it again is a change
  });
  for (const kind of ['dragover', 'dragleave', 'drop']) {
    window.addEventListener(kind, (event) => {
      event.preventDefault();
      $('drop').classList.toggle('over', kind === 'dragover');
    });
  }
  window.addEventListener('drop', (event) => choose(event.dataTransfer.files[0]));
  document.addEventListener('paste', (event) => choose(event.clipboardData.files[0]));
}

function chooseAt(x, y) {
  const number = boxes.findLastIndex(([x1, y1, x2, y2]) => x1 <= x && x <= x2 && y1 <= y && y <= y2);
  if (number >= 0) setBoxes(boxes, number);
  else drawBoxes(shown);
}

function listenToBox() {
  let start = null, pressed = null; // in pixels of the picture, and of the screen
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
    if (event.button !== 0) return;
    if (!event.isPrimary) { // a second finger: a pinch
      start = null;
      drawBoxes(shown);
      return;
    }
    [start, pressed] = [point(event), event];
    $('frame').setPointerCapture(event.pointerId);
  });
  $('frame').addEventListener('pointermove', (event) => {
    if (start && event.isPrimary) drawBoxes([...boxes, corners(event)]);
  });
  $('frame').addEventListener('pointerup', (event) => {
    if (!start || !event.isPrimary) return;
    const found = corners(event);
    const ways = [event.clientX - pressed.clientX, event.clientY - pressed.clientY].map(Math.abs);
    start = null;
    if (Math.max(...ways) < CLICK) chooseAt(found[0], found[1]);
    else if (found[0] < found[2] && found[1] < found[3]) addBox(found);
    else drawBoxes(shown);
  });
  $('frame').addEventListener('pointercancel', (event) => {
    if (!event.isPrimary) return;
    start = null;
    drawBoxes(shown);
  });
  $('typed').addEventListener('change', () => {
    const [x1, y1, x2, y2, ...more] = $('typed').value.split(',').map(Number);
    if (!more.length && x1 < x2 && y1 < y2 && 0 < x2 && x1 < size[0] && 0 < y2 && y1 < size[1]) {
      $('typed').value = '';
      addBox([x1, y1, x2, y2]);
    } else say('Expected a box x1,y1,x2,y2 in the picture.', 'error');
  });
  $('remove').addEventListener('click', () => setBoxes(boxes.filter((_, i) => i !== chosen), chosen - 1));
  $('whole').addEventListener('click', () => setBoxes([], 0));
  $('person').addEventListener('change', () => setBoxes(boxes, Number($('person').value) - 1));
}

async function begin() {
  try {
    limits = await ask('model');
  } catch (error) {
    say(`${error.message} Reload the page to try again.`, 'error');
    return;
  }
  for (const name of ['all joints', ...limits.joints]) {
    $('joint').add(new Option(name.replaceAll('_', ' '), name));
  }
  $('joint').addEventListener('change', predict);
  $('threshold').addEventListener('input', () => { $('threshold-value').value = $('threshold').value; });
  $('threshold').addEventListener('change', predict);
  listenToFiles();
  listenToBox();
  say(`Up to ${limits.megabytes} MiB.`);
}

begin();
