/**
 * Percentiles from histograms of fixed steps, which do not depend on the order of rows: guards to 0.01 ms below 10 ms and
 * to 0.16 ms up to 300 ms, vendors to 1 ms below a second and to 16 ms up to 30 s. Beyond, the largest step is shown.
 */
import { words } from '../localized.ts';
import { fromQuery, isoDay, within } from './sql.ts';

const guards = (share: number) => `round(quantileTiming(${share})(inspect_ms * 100) / 100, 2)`;
const vendors = (share: number) => `round(quantileTiming(${share})(ifNull(vendor_ms, 0)), 0)`;

export const latency = fromQuery({
  id: 'latency',
  title: words(
    'Latency by day and vendor',
    'Latenz nach Tag und Anbieter',
    'Latence par jour et par fournisseur',
    'Latencia por día y proveedor',
  ),
  columns: ['day', 'vendor', 'interactions', 'guards_p50_ms', 'guards_p99_ms', 'vendor_p50_ms', 'vendor_p99_ms'],
  sql: `SELECT ${isoDay('started_at')} AS day, vendor, toInt64(count()) AS interactions, ${guards(0.5)} AS guards_p50_ms, ${guards(0.99)} AS guards_p99_ms,
  ${vendors(0.5)} AS vendor_p50_ms, ${vendors(0.99)} AS vendor_p99_ms
FROM interactions
WHERE ${within('started_at')} AND vendor != '' AND status = 'answered'
GROUP BY day, vendor
ORDER BY day, vendor`,
});
