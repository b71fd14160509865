/** Fields that outlive the parser that read them. */
import { type FieldLines, type Fields, fieldLine } from '@headgate/http1';
import { ownText, TextFields } from './text-fields.ts';

const FRAMING = /^(content-length|transfer-encoding)$/i;

/**
 * A copy that stays valid when the parser goes on to its next message. Fields that are passed on
 * come before those that are not; among fields of one name the order is as it was.
 */
export function freezeFields(fields: Fields): Fields {
  const passedOn = fields.endToEnd();
  const passedOnFields = new TextFields(passedOn, passedOn.length);
  let rest = '';
  for (let i = 0; i < fields.count; i++) {
    const name = fields.name(i);
    // Whether a field is passed on depends on its name alone.
    if (passedOnFields.find(name.toLowerCase()) < 0) rest += lineOf(name, fields.value(i));
  }
  return new TextFields(ownText((passedOn + rest) as FieldLines), passedOn.length);
}

/** These lines are read, never written: framing fields are taken over too. */
function lineOf(name: string, value: string): string {
  return FRAMING.test(name) ? `${name}: ${value}\r\n` : fieldLine(name, value);
}
