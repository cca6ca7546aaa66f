/** Until the server's description has them. */
export interface CleanStack {
  rows: number[]; // those that stay first
  stay: number; // how many of them stay
}

export interface CleanPlan {
  stacks: CleanStack[];
  images: number; // that go
  bytes: number;
  left: number;
  token: string;
}

export interface Cleaned {
  kept: number;
  moved: number;
  bytes: number;
  left: number;
  manifest: string;
}

export interface Restored {
  restored: number;
  left: number;
}
