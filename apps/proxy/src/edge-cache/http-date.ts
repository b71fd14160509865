/** Dates of HTTP, in the three forms a recipient must take (RFC 9110 §5.6.7). */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH = `(${MONTHS.join('|')})`;
const DAY = '(?:mon|tue|wed|thu|fri|sat|sun)';
const LONG_DAY = '(?:mon|tues|wednes|thurs|fri|satur|sun)day';
const TIME = '(\\d\\d):(\\d\\d):(\\d\\d)';

/** Sun, 06 Nov 1994 08:49:37 GMT */
const FIXDATE = new RegExp(`^${DAY}, (\\d\\d) ${MONTH} (\\d{4}) ${TIME} gmt$`, 'i');
/** Sunday, 06-Nov-94 08:49:37 GMT */
const RFC850 = new RegExp(`^${LONG_DAY}, (\\d\\d)-${MONTH}-(\\d\\d) ${TIME} gmt$`, 'i');
/** Sun Nov  6 08:49:37 1994 */
const ASCTIME = new RegExp(`^${DAY} ${MONTH} (\\d\\d| \\d) ${TIME} (\\d{4})$`, 'i');

/**
 * The instant `text` names, in milliseconds of the wall clock; undefined when it is none. Case is
 * ignored, and so is a wrong day of the week. `nowMs` decides about years of two digits: more than
 * 50 years ahead are in the past.
 */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  const fixdate = FIXDATE.exec(text);
  if (fixdate) {
    const [, day = '', month = '', year = '', ...time] = fixdate;
    return instant(Number(year), month, day, time);
  }
  const rfc850 = RFC850.exec(text);
  if (rfc850) {
    const [, day = '', month = '', year = '', ...time] = rfc850;
    return instant(fullYear(Number(year), nowMs), month, day, time);
  }
  const asctime = ASCTIME.exec(text);
  if (asctime) {
    const [, month = '', day = '', hours = '', minutes = '', seconds = '', year = ''] = asctime;
    return instant(Number(year), month, day, [hours, minutes, seconds]);
  }
  return undefined;
}

/** An instant as HTTP writes it. */
export function httpDate(epochMs: number): string {
  return new Date(epochMs).toUTCString();
}

function fullYear(year: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const inThisCentury = thisYear - (thisYear % 100) + year;
  return inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury;
}

function instant(
  year: number,
  month: string,
  day: string,
  [hours = '', minutes = '', seconds = '']: readonly string[],
): number | undefined {
  // A leap second is the first of the next minute.
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, MONTHS.indexOf(month.toLowerCase()), Number(day));
  if (date.getUTCDate() !== Number(day)) return undefined;
  return date.setUTCHours(Number(hours), Number(minutes), Number(seconds));
}
