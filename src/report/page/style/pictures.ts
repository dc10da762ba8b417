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
.failures{display:grid;grid-template-columns:repeat(auto-fill,minmax(236px,1fr));gap:26px 24px;margin:14px 0 40px;padding:0;list-style:none}
.failure{table-layout:fixed;font-size:13px}
.failure caption{padding:0 0 6px;text-align:left;font-size:14px;overflow-wrap:anywhere}
.failure caption span{margin-left:6px;font-size:12px;color:${COLORS.muted}}
.failure th,.failure td{padding:0 8px 0 0;border:0;text-align:left;white-space:normal;overflow-wrap:anywhere;vertical-align:top}
.failure thead th{padding-bottom:6px;color:${COLORS.ink};font-size:12px}
.failure img{width:112px;height:112px;object-fit:contain;background:${COLORS.wash};margin-bottom:5px;border-radius:3px}
.failure tr{border:0}
.failure .who th{min-width:0;max-width:none;padding-top:5px;font-weight:500;font-size:12px;color:${COLORS.muted}}
.failure .who .swatch{width:8px;height:8px;margin-right:5px}
.failure i{font-style:normal;font-weight:700}
.failure .right i{color:${COLORS.better}}
.failure .wrong{font-weight:600}
.failure .wrong i{color:${COLORS.wrong}}
.failure small{font-size:12px;font-weight:400;color:${COLORS.muted};white-space:nowrap}
#failures h3{margin-top:34px}
#failures h3:first-of-type{margin-top:0}
`;
