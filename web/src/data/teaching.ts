/** Until the server's description has it. */
export interface Teaching {
  images: { row: number; reason: string; label: string | null; probability: number | null }[];
  names: { name: string; count: number }[];
  accuracy: { value: number; low: number; high: number; labels: number } | null;
  batches: { label: string; rows: number[]; probability: number }[];
  labelled: number;
  left: number;
  compared: number;
}
