/** Charts and photographs in their places. */
/** A drawing as text, with its size in CSS pixels. */
export interface Drawing {
  readonly text: string;
  readonly width: number;
  readonly height: number;
}

export interface DrawnPanel {
  readonly svg: Drawing;
  readonly heading?: string;
}

/** Drawings in one element. They are the one thing that goes into a page as it is: charts escape what they print. */
export function Picture(props: { panels: readonly DrawnPanel[]; as?: 'div' | 'figure'; class?: string }) {
  const { panels, as: Element = 'div', class: name } = props;
  const __html = panels.map(({ svg }) => svg.text).join('');
  return <Element class={name} dangerouslySetInnerHTML={{ __html }} />;
}

/** A drawing for a wide window, and another for a phone where there is one. */
export function Responsive({
  wide,
  narrow,
}: {
  wide: readonly DrawnPanel[];
  narrow?: readonly DrawnPanel[];
}) {
  return (
    <figure>
      <Picture panels={wide} class={narrow && 'wide'} />
      {narrow && <Picture panels={narrow} class="narrow" />}
    </figure>
  );
}

/** Drawings with a heading each. */
export function Panels({ panels, class: where }: { panels: readonly DrawnPanel[]; class: string }) {
  return (
    <div class={where}>
      {panels.map((panel) => (
        <figure>
          {panel.heading && <h3>{panel.heading}</h3>}
          <Picture panels={[panel]} />
        </figure>
      ))}
    </div>
  );
}

/** A small image out of the data. */
export interface Photograph {
  readonly source: string;
  readonly alt: string;
  readonly width: number;
  readonly height: number;
}

export function Photo({ source, alt, width, height }: Photograph) {
  return <img src={source} alt={alt} width={width} height={height} />;
}

const WHISKER = { width: 120, height: 16, margin: 5 };

/** A dot and the line of its interval, on a scale that others share. */
export function Whisker(props: {
  value: number;
  interval: readonly [number, number];
  range: readonly [number, number];
  color: string;
  rule: string;
}) {
  const { value, interval, range, color, rule } = props;
  const { width, height, margin } = WHISKER;
  const [from, to] = range;
  const place = (at: number) =>
    (margin + ((at - from) / Math.max(to - from, 1e-9)) * (width - 2 * margin)).toFixed(1);
  const [low, high] = interval.map(place);
  const middle = height / 2;
  return (
    <svg
      xmlns="http://www.w3.org/2000/svg"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
    >
      <line x1="0" x2={width} y1={middle} y2={middle} stroke={rule} />
      <line
        {...{ x1: low, x2: high, y1: middle, y2: middle, stroke: color }}
        {...{ 'stroke-width': 2.5, 'stroke-linecap': 'round' }}
      />
      <circle cx={place(value)} cy={middle} r="4" fill={color} />
    </svg>
  );
}
