import { useEffect, useRef } from 'react';
import styles from './SignaturePad.module.css';

interface Point {
  x: number;
  y: number;
}

/** What has been drawn, and how to get it as a picture. */
export interface Ink {
  empty: boolean;
  /** The signature in black on white, as a PNG. */
  picture(): Promise<Blob>;
}

interface Props {
  label: string;
  /** Rises when the field is to be wiped. */
  wiped: number;
  onInk: (ink: Ink) => void;
}

const pen = 2.6; // the line's mean width, in CSS pixels

/** A field to sign in with a finger, a pen or a mouse. Who cannot, types a name beside it (Signature). */
export function SignaturePad({ label, wiped, onInk }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const strokes = useRef<Point[][]>([]);
  const told = useRef(onInk);
  useEffect(() => {
    told.current = onInk;
  });

  useEffect(() => {
    const c = canvas.current;
    if (!c) return;
    strokes.current = [];
    const draw = () => fit(c, strokes.current);
    const observer = new ResizeObserver(draw);
    observer.observe(c);
    draw();
    told.current({ empty: true, picture: () => toPicture(c, []) });
    return () => observer.disconnect();
  }, [wiped]);

  const at = (e: React.PointerEvent): Point => {
    const box = e.currentTarget.getBoundingClientRect();
    return { x: e.clientX - box.left, y: e.clientY - box.top };
  };

  return (
    <canvas
      ref={canvas}
      className={styles.pad}
      role="img"
      aria-label={label}
      onPointerDown={(e) => {
        if (e.button !== 0) return;
        e.currentTarget.setPointerCapture(e.pointerId);
        strokes.current.push([at(e)]);
        fit(e.currentTarget, strokes.current);
      }}
      onPointerMove={(e) => {
        const stroke = strokes.current.at(-1);
        if (!stroke || !e.currentTarget.hasPointerCapture(e.pointerId)) return;
        stroke.push(at(e));
        const context = e.currentTarget.getContext('2d');
        if (context) line(context, stroke.slice(-3));
      }}
      onPointerUp={(e) => {
        const c = e.currentTarget;
        const drawn = strokes.current;
        told.current({ empty: drawn.length === 0, picture: () => toPicture(c, drawn) });
      }}
    />
  );
}

/** Sets the canvas to its size on the screen and draws everything again. */
function fit(c: HTMLCanvasElement, strokes: Point[][]) {
  const ratio = Math.max(1, window.devicePixelRatio);
  const box = c.getBoundingClientRect();
  c.width = Math.round(box.width * ratio);
  c.height = Math.round(box.height * ratio);
  paint(c, strokes, ratio);
}

function paint(c: HTMLCanvasElement, strokes: Point[][], ratio: number) {
  const context = c.getContext('2d');
  if (!context) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, c.width, c.height);
  for (const stroke of strokes) line(context, stroke);
}

/** Draws a stroke as curves through the middles of its pieces. */
function line(context: CanvasRenderingContext2D, points: Point[]) {
  const first = points[0];
  if (!first) return;
  context.strokeStyle = context.fillStyle = '#10181f';
  context.lineWidth = pen;
  context.lineCap = context.lineJoin = 'round';
  context.beginPath();
  if (points.length === 1) {
    context.arc(first.x, first.y, pen / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  context.moveTo(first.x, first.y);
  for (let i = 1; i < points.length; i++) {
    const from = points[i - 1]!;
    const to = points[i]!;
    context.quadraticCurveTo(from.x, from.y, (from.x + to.x) / 2, (from.y + to.y) / 2);
  }
  const last = points.at(-1)!;
  context.lineTo(last.x, last.y);
  context.stroke();
}

/** The same at a fixed size, so that a signature is as sharp from a small phone. */
function toPicture(c: HTMLCanvasElement, strokes: Point[][]): Promise<Blob> {
  const box = c.getBoundingClientRect();
  const out = document.createElement('canvas');
  const ratio = 1000 / Math.max(1, box.width);
  out.width = 1000;
  out.height = Math.round(box.height * ratio);
  paint(out, strokes, ratio);
  return new Promise((resolve, reject) => out.toBlob((b) => (b ? resolve(b) : reject(new Error('no picture'))), 'image/png'));
}

/** A typed name as such a picture: for who cannot draw. */
export function typedSignature(name: string): Promise<Blob> {
  const out = document.createElement('canvas');
  out.width = 1000;
  out.height = 400;
  const context = out.getContext('2d')!;
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, out.width, out.height);
  context.fillStyle = '#10181f';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  let size = 120;
  do context.font = `italic ${size}px Georgia, 'Times New Roman', serif`;
  while (context.measureText(name).width > 900 && (size -= 8) > 24);
  context.fillText(name, 500, 200, 940);
  return new Promise((resolve, reject) => out.toBlob((b) => (b ? resolve(b) : reject(new Error('no picture'))), 'image/png'));
}
