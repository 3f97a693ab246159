import { escaped } from '../../charts/markup.js';
import { selfContainedPage } from '../../charts/page.js';
import type { AuditReport } from '../report-data.js';
import { checksSection } from './checks-section.js';
import { distributionSection } from './distribution-section.js';
import { documentsSection } from './documents-section.js';
import { driftSection } from './drift-section.js';
import { dynamicsSection } from './dynamics-section.js';
import { excessSection } from './excess-section.js';
import { glossarySection } from './glossary-section.js';
import { PAGE_SCRIPT } from './page-script.js';
import { PAGE_STYLE } from './page-style.js';
import { provenanceSection } from './provenance-section.js';
import { quarantineSection } from './quarantine-section.js';
import { runSection } from './run-section.js';
import { sectionMarkup, type Section } from './section.js';
import { banner, verdictCards, verdicts } from './verdicts.js';
import { plainText } from './visible-text.js';

/**
 * The report as one HTML file that fetches nothing: tables, charts and heatmaps are markup, a script of a few lines adds exact values under the pointer
 * and by keyboard. Corpus text appears as text, whatever it holds. The same report gives the same bytes; at most 5 MB.
 */
export function renderReport(report: AuditReport): string {
  const { identity, completeness } = report;
  const name = plainText(identity.run);
  const sections: Section[] = [
    runSection(report),
    checksSection(report),
    driftSection(report),
    distributionSection(report),
    documentsSection(report),
    dynamicsSection(report),
    excessSection(report),
    quarantineSection(report),
    glossarySection(),
    provenanceSection(report),
  ].filter((section) => section !== undefined);
  const prefix = completeness.state === 'complete' ? '' : `${completeness.state.toUpperCase()}: `;
  const body = `<header>
<p class="kind">Touchstone audit of a score set</p>
<h1>${escaped(name)}</h1>
</header>
<nav aria-label="Contents"><ul>${sections.map(({ id, title }) => `<li><a href="#${id}">${escaped(title)}</a></li>`).join('')}</ul></nav>
<main>
${banner(report)}
${verdictCards(verdicts(report))}
${sections.map(sectionMarkup).join('\n')}
</main>
<p class="tip" hidden></p>`;
  return selfContainedPage({ title: `${prefix}audit of ${name}`, style: PAGE_STYLE, script: PAGE_SCRIPT, body });
}
