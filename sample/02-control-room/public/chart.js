import { setText } from './dom.js';

const most = 120;

/** A strip of bars, one a second, which grows from the right. A gap stands for a second without an answer. */
export class Chart {
  values = [];
  frame;

  /** @param isLogarithmic shows small values beside a single large one */
  constructor(canvas, figure, { format, isLogarithmic = false }) {
    this.canvas = canvas;
    this.figure = figure;
    this.format = format;
    this.scale = isLogarithmic ? Math.log1p : (value) => value;
    this.suffix = isLogarithmic ? ', log scale' : '';
    new ResizeObserver(() => this.#schedule()).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#schedule());
  }

  clear() {
    this.values = [];
  }

  add(values) {
    if (values.length === 0) return;
    this.values = [...this.values, ...values].slice(-most);
    this.#schedule();
  }

  #schedule() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.#draw();
    });
  }

  #draw() {
    const { canvas, values } = this;
    const last = values.at(-1);
    setText(this.figure, last === undefined ? '–' : last === null ? 'no answer' : this.format(last));
    const { clientWidth: width, clientHeight: height } = canvas;
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    const pen = canvas.getContext('2d');
    pen.scale(devicePixelRatio, devicePixelRatio);
    const style = getComputedStyle(canvas);
    const top = Math.max(...values.map((value) => value ?? 0), 1);
    const step = width / most;
    const base = height - 1;
    pen.fillStyle = style.getPropertyValue('--line');
    pen.fillRect(0, base, width, 1);
    pen.font = style.font;
    values.forEach((value, i) => {
      const x = width - (values.length - i) * step;
      const tall = value === null ? base : (this.scale(value) / this.scale(top)) * (base - 14);
      pen.fillStyle = style.getPropertyValue(value === null ? '--gap' : '--bar');
      pen.fillRect(x, base - tall, Math.max(step - 1, 1), tall);
    });
    pen.fillStyle = style.color;
    pen.fillText(`most ${this.format(top)}${this.suffix}`, 0, 10);
  }
}
