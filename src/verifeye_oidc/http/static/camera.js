/** The camera: opening it, taking frames out of it, turning it off. */

/** What a refusal by the browser means to the person, named as the panels are. */
const PROBLEMS = {
  NotAllowedError: 'refused',
  SecurityError: 'refused',
  NotFoundError: 'no-camera',
  OverconstrainedError: 'no-camera',
};

/** @param {unknown} error what `openCamera` threw @returns {string} the panel that explains it */
export function problemOf(error) {
  return (error instanceof Error && PROBLEMS[error.name]) || 'busy';
}

export function cameraIsReachable() {
  return Boolean(navigator.mediaDevices?.getUserMedia);
}

/**
 * Ask for the front camera and play it in `video`.
 * @param {HTMLVideoElement} video
 * @returns {Promise<MediaStream>}
 * @throws {DOMException} see `problemOf`
 */
export async function openCamera(video) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: 'user', width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } },
  });
  try {
    video.srcObject = stream;
    await video.play();
  } catch (error) {
    closeCamera(stream, video);
    throw error;
  }
  return stream;
}

/** @param {MediaStream | null} stream @param {HTMLVideoElement} video */
export function closeCamera(stream, video) {
  stream?.getTracks().forEach((track) => track.stop());
  if (video.srcObject === stream) video.srcObject = null;
}

/**
 * Call `onFrame` for each new picture of the camera.
 * @param {HTMLVideoElement} video
 * @param {() => void} onFrame
 * @returns {() => void} ends it
 */
export function eachFrame(video, onFrame) {
  let running = true;
  const next = () =>
    video.requestVideoFrameCallback ? video.requestVideoFrameCallback(step) : requestAnimationFrame(step);
  const step = () => {
    if (!running) return;
    next();
    onFrame();
  };
  next();
  return () => { running = false; };
}

const canvas = document.createElement('canvas');
const pen = canvas.getContext('2d', { alpha: false, willReadFrequently: true });

/**
 * The picture as the camera sees it (not mirrored), as a JPEG.
 * @param {HTMLVideoElement} video
 * @param {number} longSide at most so many pixels along the longer side
 * @param {number} quality 0..1
 * @returns {Promise<Blob | null>} null while there is no picture
 */
export function encodeFrame(video, longSide, quality) {
  const { videoWidth: width, videoHeight: height } = video;
  if (!width || !height) return Promise.resolve(null);
  const scale = Math.min(1, longSide / Math.max(width, height));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  pen.drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality));
}

/** Tell when the person allows the camera in the browser's own settings. @param {() => void} onAllowed */
export async function whenCameraIsAllowed(onAllowed) {
  try {
    const permission = await navigator.permissions.query({ name: 'camera' });
    permission.addEventListener('change', () => permission.state === 'granted' && onAllowed());
  } catch {
    // Not every browser can be asked; "Try again" does the same.
  }
}
