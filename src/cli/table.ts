export { formatTable } from '../mirrors/format-table.ts';
