/**
 * Which groves may call this one: all; all that sign what they ask; those whose key the operator
 * has listed.
 */
export const admissions = ['open', 'signed', 'members'] as const
/** Which groves may call this one. */
export type AdmissionMode = (typeof admissions)[number]

/** Whether all groves that may call have to show a key: not those that admit 0.1's. */
export const demandsKeys = (mode: AdmissionMode = 'open'): boolean => mode !== 'open'
