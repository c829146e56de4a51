import { NotValid } from '../errors.ts';
import { isJpeg, withExif, withoutPlace } from './exif.ts';

const previewEdge = 1600;
const thumbnailEdge = 320;
const mostPixels = 220e6;

export interface Prepared {
  readonly file: Blob;
  readonly preview?: Blob;
  readonly thumbnail?: Blob;
}

export interface PictureRules {
  readonly scale: { readonly edge: number; readonly quality: number } | false;
  /** The organisation wants no places in photos. */
  readonly strip: boolean;
}

/** What is kept and sent of a file: a photo scaled down, upright, with its camera's EXIF; the place in it only if the organisation wants it; previews. */
export async function prepare(file: Blob, rules: PictureRules): Promise<Prepared> {
  if (!file.type.startsWith('image/') || file.type === 'image/svg+xml') {
    if (rules.strip && file.type.startsWith('video/')) throw new NotValid('video-with-place', 'file');
    return { file };
  }
  const bitmap = await decode(file);
  if (!bitmap) {
    // A format that this browser does not know: as it is, where nothing has to be taken out of it.
    if (rules.strip) throw new NotValid('photo-unreadable', 'file');
    return { file };
  }
  try {
    if (bitmap.width * bitmap.height > mostPixels) throw new NotValid('picture-too-large', 'file');
    const whole = await kept(file, bitmap, rules);
    const [preview, thumbnail] = [await draw(bitmap, previewEdge, 0.8), await draw(bitmap, thumbnailEdge, 0.7)];
    return { file: whole, ...(preview.size < whole.size ? { preview } : {}), thumbnail };
  } finally {
    bitmap.close();
  }
}

async function kept(file: Blob, bitmap: ImageBitmap, rules: PictureRules): Promise<Blob> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const jpeg = isJpeg(bytes);
  const camera = jpeg && rules.strip ? withoutPlace(bytes) : bytes;
  const small = !rules.scale || Math.max(bitmap.width, bitmap.height) <= rules.scale.edge;
  if (small && (jpeg || !rules.strip)) return jpeg && rules.strip ? new Blob([new Uint8Array(camera)], { type: 'image/jpeg' }) : file;
  if (small && file.type === 'image/png') return draw(bitmap, Infinity, 1, 'image/png'); // drawn anew it carries nothing; a signature stays sharp
  const scale = rules.scale || { edge: Infinity, quality: 0.9 };
  const drawn = await draw(bitmap, scale.edge, scale.quality);
  if (!jpeg) return drawn;
  return new Blob([withExif(new Uint8Array(await drawn.arrayBuffer()), camera)], { type: 'image/jpeg' });
}

async function decode(file: Blob): Promise<ImageBitmap | undefined> {
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    return undefined;
  }
}

async function draw(bitmap: ImageBitmap, edge: number, quality: number, type = 'image/jpeg'): Promise<Blob> {
  const scale = Math.min(1, edge / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale))];
  if (typeof OffscreenCanvas !== 'undefined') {
    const canvas = new OffscreenCanvas(width, height);
    paint(canvas.getContext('2d')!, bitmap, width, height, type);
    return canvas.convertToBlob({ type, quality });
  }
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  paint(canvas.getContext('2d')!, bitmap, width, height, type);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new NotValid('picture-not-drawn', 'file'))), type, quality));
}

function paint(context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D, bitmap: ImageBitmap, width: number, height: number, type: string) {
  if (type === 'image/jpeg') {
    context.fillStyle = '#fff'; // JPEG knows no transparency; a signature is black on white
    context.fillRect(0, 0, width, height);
  }
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
}
