/** What the ending of a file's name says, so that its contents need no look. */
import path from 'node:path';

/** Endings of pictures; HEIC, JPEG 2000 and JPEG XL, which are not decoded, are told of as images that cannot be read. */
const PICTURES = /\.(jpe?g|jpe|jfif|jif|png|apng|webp|gif|tiff?|avif|bmp|dib|p[bgpn]m|hei[cf]|hif|jp2|jxl)$/i;

/** Endings of what is no picture, in words. */
const OTHERS: Readonly<Record<string, string>> = {
  ...named('text file', 'txt md rst log tex rtf readme license'),
  ...named('table', 'csv tsv xls xlsx ods parquet arrow feather'),
  ...named('data file', 'xml json jsonl yaml yml toml ini cfg conf'),
  ...named('web page', 'html htm url'),
  ...named('program', 'py ipynb js ts sh bat c h cpp m r exe so dll jar'),
  ...named('archive', 'zip tar gz tgz bz2 xz zst 7z rar'),
  ...named('array', 'npy npz mat pkl pickle h5 hdf5 tfrecord tfrecords record bin'),
  ...named('database', 'lmdb mdb db sqlite'),
  ...named('model', 'pt pth ckpt safetensors onnx pb tflite'),
  ...named('document', 'pdf ps eps doc docx ppt pptx odt'),
  ...named('video', 'mp4 avi mov mkv webm mpg mpeg wmv m4v'),
  ...named('sound', 'mp3 wav flac ogg m4a'),
  ...named('SVG drawing', 'svg svgz'),
};

function named(kind: string, endings: string): Record<string, string> {
  return Object.fromEntries(endings.split(' ').map((ending) => [ending, kind]));
}

/** Whether a file is called like a picture, in whatever case. */
export function isPictureName(name: string): boolean {
  return PICTURES.test(name);
}

/** The name without its ending where that is one of pictures: `a.JPG` gives `a`, and `a.v2` itself. */
export function withoutPictureEnding(name: string): string {
  return name.replace(PICTURES, '');
}

/** What a file is by its name, in words in the singular; undefined where the name does not tell. */
export function otherKind(name: string): string | undefined {
  const ending = path.posix.extname(name).slice(1).toLowerCase();
  return Object.hasOwn(OTHERS, ending) ? OTHERS[ending] : undefined;
}
