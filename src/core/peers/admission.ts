/**
 * Which groves may call this one: all; all that sign what they ask; those whose key the operator
 * has listed.
 */
export const admissions = ['open', 'signed', 'members'] as const
/** Which groves may call this one. */
export type AdmissionMode = (typeof admissions)[number]
