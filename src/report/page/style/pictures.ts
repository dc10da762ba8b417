/** Charts, the strip of samples, kernels. */
import { COLORS } from '../../theme.ts';

export const PICTURES = `
svg,img{display:block;max-width:100%;height:auto}
svg text{font-variant-numeric:tabular-nums}
.strip{display:flex;flex-wrap:wrap;gap:20px 22px}
.strip .group{display:flex;gap:5px}
.strip h3{margin:0 0 4px}
.strip .cell{flex:none;width:55px}
.strip .cell span{display:block;height:20px;font-size:11.5px;line-height:16px;color:${COLORS.muted};white-space:nowrap}
.strip img{width:55px;height:55px;object-fit:contain;margin-bottom:5px}
.crisp img{image-rendering:pixelated}
.kernels{display:flex;flex-wrap:wrap;gap:10px 16px}
.kernels svg{flex:none}
`;
