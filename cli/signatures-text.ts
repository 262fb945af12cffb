/** What `parapet signatures` says to people. */
import type { Listing, Published } from './signatures.ts';

export function renderPublished({ version, mode, rules, disabled, restores, folder, notices }: Published): string[] {
  const as = restores === undefined ? '' : restores === 0 ? ', the built-in rules alone' : `, the rules of bundle ${restores}`;
  return [
    `bundle ${version} is published (${mode}${as}): ${rules} rules, ${disabled} disabled`,
    `text and signature: ${folder}/${String(version).padStart(9, '0')}-${mode}.json, .sig`,
    ...notices,
  ];
}

export function renderListing({ bundles, published, rules, unread }: Listing, withRules = false): string[] {
  const now = new Set(published.map(({ version }) => version));
  return [
    ...bundles.map(({ version, createdAt, mode, restores }) =>
      [
        `${now.has(version) ? '*' : ' '} ${String(version).padStart(5)}`,
        createdAt,
        mode.padEnd(7),
        ...(restores === undefined ? [] : [`rolled back to ${restores}`]),
      ].join('  '),
    ),
    ...(withRules
      ? rules.map(
          ({ id, version, severity, staged, description }) =>
            `${id} v${version}  ${severity.padEnd(8)}  ${staged ? '(on trial) ' : ''}${description}`,
        )
      : []),
    `${rules.length} rules, ${rules.filter(({ staged }) => staged).length} of them on trial`,
    ...(unread > 0 ? [`${unread} bundles are not signed by a key that is trusted here, or may not run`] : []),
  ];
}
