import type { ProblemKind, SortKey } from "../data/types";

interface Problem {
  name: string;
  meaning: string;
  sort?: SortKey; // worst first
  descending?: boolean;
}

export const PROBLEMS: Record<ProblemKind, Problem> = {
  duplicates: { name: "Exact duplicates", meaning: "Files with the same picture, to the last pixel." },
  near_duplicates: {
    name: "Near duplicates",
    meaning: "Pictures that differ by size, compression, or a slight change.",
  },
  outliers: {
    name: "Outliers",
    meaning: "Images that are unlike all others; the strangest first.",
    sort: "outlier_score",
    descending: true,
  },
  blurred: { name: "Blurred", meaning: "Images without sharp detail; the least sharp first.", sort: "sharpness" },
  dark: { name: "Too dark", meaning: "Images with little but black; the darkest first.", sort: "brightness" },
  bright: {
    name: "Too bright",
    meaning: "Images with little but white; the brightest first.",
    sort: "brightness",
    descending: true,
  },
  wrong: { name: "Marked as wrong", meaning: "Images that someone has marked." },
  suggested: {
    name: "Suggested labels",
    meaning: "Labels spread from labelled images to their neighbours, for you to accept or refuse; the surest first.",
    sort: "suggestion_confidence",
    descending: true,
  },
};

export const KINDS = Object.keys(PROBLEMS) as ProblemKind[];
