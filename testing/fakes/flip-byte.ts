/**
 * Shell command that changes one byte of a file, whatever it was. A byte that is always written, such as 255, is there already once in 256 times: of what is
 * encrypted nobody knows it before, and a test of damage then fails by chance.
 * @param at where, from 0
 */
export const flipByte = (file: string, at: number) =>
  `printf "\\\\$(printf %03o $((255 - $(od -An -tu1 -j${at} -N1 ${file}))))" | dd of=${file} bs=1 seek=${at} conv=notrunc status=none`;
