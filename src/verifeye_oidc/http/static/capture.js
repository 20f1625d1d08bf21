/** One capture after another, until the server has said its last word. Nothing here decides anything. */

import { cameraIsReachable, closeCamera, eachFrame, encodeFrame, openCamera, problemOf, whenCameraIsAllowed } from './camera.js';
import { HintFilter } from './hints.js';
import { CaptureSocket } from './socket.js';
import { View } from './view.js';

const PASSED_MS = 700;
const REFUSED_MS = 2200; // there is a sentence to read

const root = document.getElementById('capture');
const video = document.getElementById('preview');
const view = new View(root);

/** What is running now, and how to end it. Its identity tells an old capture's late events from the present one's. */
let current = null;

function stop() {
  const ended = current;
  current = null;
  ended?.stopFrames?.();
  ended?.socket?.close();
  closeCamera(ended?.stream ?? null, video);
}

/** @param {string} state */
function interrupt(state) {
  stop();
  view.showPanel(state);
}

/** @param {string} state @param {number} readingMs */
function leave(state, readingMs) {
  interrupt(state);
  setTimeout(() => location.replace(root.dataset.finish), readingMs);
}

async function start() {
  if (!cameraIsReachable()) return interrupt('insecure');
  interrupt('starting');
  const mine = (current = {});
  try {
    const stream = await openCamera(video);
    if (mine !== current) return closeCamera(stream, video);
    mine.stream = stream;
  } catch (error) {
    return mine === current && interrupt(problemOf(error));
  }
  if (document.hidden) return interrupt('paused');
  mine.stream.getVideoTracks()[0].addEventListener('ended', () => mine === current && interrupt('busy'));
  view.showLive();
  converse(mine);
}

/** @param {{socket?: CaptureSocket, stopFrames?: () => void}} mine the capture whose camera is on */
function converse(mine) {
  const hints = new HintFilter();
  mine.socket = new CaptureSocket(root.dataset.socket, {
    onReady: () => { mine.stopFrames = eachFrame(video, () => sendFrame(mine.socket)); },
    onAnswer: ({ hint, progress }) => {
      view.showProgress(progress);
      view.showHint(hints.settle(progress >= 1 ? 'checking' : hint, performance.now()));
    },
    onEnd: finish,
    onLost: (starved) => interrupt(starved ? 'busy' : 'lost'),
  });
}

/** @param {CaptureSocket} socket */
async function sendFrame(socket) {
  const now = performance.now();
  if (!socket.wantsFrame(now)) return;
  const { long_side: longSide, quality } = socket.pace;
  socket.reserve(now);
  socket.send(await encodeFrame(video, longSide, quality));
}

/** @param {{type: string, captures_left?: number, reason?: string}} end the server's last word */
function finish(end) {
  if (end.type === 'passed') leave('passed', PASSED_MS);
  else if (end.type === 'no_face') interrupt('no-face');
  else if (end.type === 'over') stopEarly(end.reason);
  else if (end.captures_left > 0) {
    view.showCapturesLeft(end.captures_left);
    interrupt('failed');
  } else leave('failed-for-good', REFUSED_MS);
}

/** Only lost time ends the session. Going on by itself after `elsewhere` would have two windows take turns for ever. */
function stopEarly(reason) {
  if (reason === 'expired') leave('over-expired', REFUSED_MS);
  else interrupt(['elsewhere', 'busy'].includes(reason) ? `over-${reason}` : 'over-limit');
}

document.getElementById('start').addEventListener('click', start);
document.getElementById('try-again').addEventListener('click', start);
document.getElementById('cancel').addEventListener('click', stop);
addEventListener('pagehide', stop);
addEventListener('pageshow', ({ persisted }) => persisted && interrupt('paused'));
document.addEventListener('visibilitychange', () => document.hidden && view.state === 'live' && interrupt('paused'));
whenCameraIsAllowed(() => view.state === 'refused' && start());

// The page before this one gave the reason for the camera, and this one repeats it while the browser asks.
if (document.hidden) view.showPanel('paused');
else start();
