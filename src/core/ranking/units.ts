/**
 * Whether values in two units can be compared. A missing unit agrees with any but `%`: 97 % and
 * 0.97 are the pair that is confused most.
 */
export function unitsAgree(a: string | undefined, b: string | undefined): boolean {
  const [one, other] = [a ?? '', b ?? ''].map((unit) => unit.trim())
  if (one === other) return true
  return (one === '' || other === '') && one !== '%' && other !== '%'
}
