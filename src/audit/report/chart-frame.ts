/** Where a chart stands in its picture, in pixels of its own. */
export interface ChartFrame {
  /** Class of the picture: the style sheet shows `wide` where there is room for it, and `narrow` on a phone, at about the size it was drawn for. */
  readonly className: 'wide' | 'narrow';
  readonly width: number;
  readonly height: number;
  readonly plot: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
}

const WIDTHS = { wide: 960, narrow: 360 } as const;
const LEFT = { wide: 52, narrow: 40 } as const;

/** Both frames of a chart of a height, with room above and below its plot. */
export function chartFrames(height: number, above: number, below: number): readonly ChartFrame[] {
  return (['wide', 'narrow'] as const).map((className) => ({
    className,
    width: WIDTHS[className],
    height,
    plot: { left: LEFT[className], right: WIDTHS[className] - 8, top: above, bottom: height - below },
  }));
}
