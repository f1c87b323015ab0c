// The two pictures: the plane coloured by the network's guess, and the loss over time.
const colours = ['#c8502a', '#2a6ec8'] as const;
const pale = ['#f3cdbd', '#bdd3f3'] as const;

export interface MapPicture {
  /** [side²], 0 or 1, row by row from the top. */
  guesses: ArrayLike<number>;
  side: number;
  /** [n, 2] in [-1, 1]. */
  places: Float32Array;
  /** [n], 0 or 1. */
  arms: Uint32Array;
}

export function drawMap(
  context: CanvasRenderingContext2D,
  { guesses, side, places, arms }: MapPicture,
): void {
  const { width, height } = context.canvas;
  const cell = width / side;
  for (let i = 0; i < side * side; i++) {
    context.fillStyle = pale[guesses[i]];
    context.fillRect((i % side) * cell, Math.floor(i / side) * cell, cell, cell);
  }
  arms.forEach((arm, i) => {
    context.fillStyle = colours[arm];
    context.beginPath();
    context.arc(((places[2 * i] + 1) / 2) * width, ((1 - places[2 * i + 1]) / 2) * height, 3, 0, 2 * Math.PI);
    context.fill();
  });
}

export function drawCurve(context: CanvasRenderingContext2D, losses: readonly number[]): void {
  const { width, height } = context.canvas;
  const top = Math.max(...losses);
  context.clearRect(0, 0, width, height);
  context.beginPath();
  losses.forEach((loss, i) => {
    const x = losses.length > 1 ? (i / (losses.length - 1)) * width : 0;
    context.lineTo(x, height - (loss / top) * (height - 8));
  });
  context.stroke();
}
