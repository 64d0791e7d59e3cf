/** Counts of deliveries and questions since this process started. */
export interface Stats {
  webhooksSent: number;
  webhooksAnswered: number;
  webhooksGivenUp: number;
  webhooksDropped: number;
  uploadsSent: number;
  uploadsStored: number;
  uploadsGivenUp: number;
  uploadsDropped: number;
  polls: number;
  imagesServed: number;
}

export const noStats = (): Stats => ({
  webhooksSent: 0,
  webhooksAnswered: 0,
  webhooksGivenUp: 0,
  webhooksDropped: 0,
  uploadsSent: 0,
  uploadsStored: 0,
  uploadsGivenUp: 0,
  uploadsDropped: 0,
  polls: 0,
  imagesServed: 0,
});
