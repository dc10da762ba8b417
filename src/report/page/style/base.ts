/** Type, the head of the page, its sections, lists and folds. */
import { COLORS, FONT_STACK } from '../../theme.ts';

export const BASE = `
:root{color-scheme:light}
*{box-sizing:border-box}
[hidden]{display:none!important}
html{-webkit-text-size-adjust:100%;scroll-padding-top:24px}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
body{margin:0;background:${COLORS.paper};color:${COLORS.ink};font:16px/1.55 ${FONT_STACK};font-feature-settings:'cv11','ss03';-webkit-font-smoothing:antialiased}
main,footer,body>header{max-width:1136px;margin:0 auto;padding:0 32px}
header,body>header{padding-top:64px;padding-bottom:8px}
a{color:inherit;text-decoration-color:${COLORS.faint};text-underline-offset:3px}
a:hover{text-decoration-color:currentColor}
:focus-visible{outline:2px solid ${COLORS.focus};outline-offset:2px;border-radius:2px}
.kicker{margin:0 0 14px;font-size:14px;color:${COLORS.muted}}
h1{margin:0 0 18px;font-size:22px;line-height:1.25;font-weight:600;letter-spacing:-.01em;color:${COLORS.muted}}
.headline{margin:0;max-width:32em;font-size:clamp(24px,3.4vw,36px);line-height:1.24;font-weight:600;letter-spacing:-.022em;text-wrap:pretty;overflow-wrap:anywhere}
.figures{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(0,1fr);margin:44px 0 0;padding:0;border-top:1px solid ${COLORS.rule};border-bottom:1px solid ${COLORS.rule}}
.figures>div{padding:20px 24px 20px 0}
.figures>div+div{padding-left:24px;border-left:1px solid ${COLORS.rule}}
.figures dt{font-size:13px;line-height:1.4;color:${COLORS.muted}}
.figures dd{margin:0}
.figures .value{margin:6px 0 4px;font-size:34px;line-height:1.1;font-weight:600;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.figures .note{font-size:13px;color:${COLORS.muted};font-variant-numeric:tabular-nums}
.value.better{color:${COLORS.better}}
.value.worse{color:${COLORS.worse}}
nav ul{display:flex;flex-wrap:wrap;gap:2px 22px;margin:18px 0 0;padding:0;list-style:none;font-size:14px;color:${COLORS.muted}}
nav a{display:inline-block;padding:4px 0;text-decoration-color:transparent}
nav a:hover{color:${COLORS.ink}}
section{margin:72px 0 0}
main>section:first-child{margin-top:56px}
h2{margin:0 0 8px;font-size:24px;line-height:1.25;font-weight:600;letter-spacing:-.015em}
h3{margin:0 0 6px;font-size:15px;line-height:1.4;font-weight:600}
p{margin:0 0 12px;max-width:44em}
.lede{color:${COLORS.muted};margin-bottom:28px;text-wrap:pretty}
.small,figcaption{font-size:13.5px;line-height:1.5;color:${COLORS.muted}}
figure{margin:0}
figcaption{margin-top:12px;max-width:52em}
.columns{display:grid;grid-template-columns:minmax(0,660px) minmax(0,1fr);gap:40px 32px;align-items:start}
.columns.bars{grid-template-columns:minmax(0,700px) minmax(0,1fr);gap:40px 56px}
.layer .columns{grid-template-columns:400px minmax(0,1fr);gap:40px 56px}
.layer+.layer{margin-top:48px}
.pair{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:28px 28px}
.panels{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:26px 16px}
.panels h3,.pair h3{margin-bottom:2px}
.key{overflow-wrap:anywhere;display:flex;flex-wrap:wrap;gap:4px 20px;margin:0 0 18px;padding:0;list-style:none;font-size:14px;font-weight:600}
.key i,.swatch{display:inline-block;width:10px;height:10px;margin-right:7px;border-radius:2px}
.takeaways{margin:0;padding:0;list-style:none}
.takeaways li{padding:14px 0;border-top:1px solid ${COLORS.rule};font-size:15px}
.takeaways li:last-child{border-bottom:1px solid ${COLORS.rule}}
sub{font-size:.72em;line-height:0}
dl.facts{display:grid;grid-template-columns:minmax(9em,max-content) minmax(0,1fr);gap:6px 24px;margin:0 0 28px;font-size:14px}
dl.facts dt{color:${COLORS.muted}}
dl.facts dd{margin:0;overflow-wrap:anywhere}
details{border-top:1px solid ${COLORS.rule};padding:0}
details:last-of-type{border-bottom:1px solid ${COLORS.rule}}
details[open]{padding-bottom:18px}
summary{cursor:pointer;padding:14px 0;font-size:15px;font-weight:600}
details.fold{margin-top:20px}
details.fold+details.fold{margin-top:0}
.cautions{margin:0 0 28px;padding:0 0 0 1.1em;font-size:15px}
.cautions li{margin-bottom:6px;max-width:46em}
.missing-note{margin:0;padding:16px 18px;background:${COLORS.wash};border-radius:6px;max-width:none;font-size:15px}
.missing-note code{font-size:13px}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace}
pre{margin:28px 0 0;padding:16px 18px;background:${COLORS.wash};border-radius:6px;font-size:12.5px;line-height:1.65;white-space:pre-wrap;overflow-wrap:anywhere}
footer{margin-top:80px;padding-top:20px;padding-bottom:48px;font-size:13px;color:${COLORS.muted}}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.narrow{display:none!important}
`;
