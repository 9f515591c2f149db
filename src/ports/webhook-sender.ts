/** Where something is to be told, and what. */
export interface WebhookRequest {
  /** http or https, without credentials. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

export type WebhookOutcome =
  | { readonly ok: true }
  /** `again`: another try may help. */
  | { readonly ok: false; readonly reason: string; readonly again: boolean };

/**
 * Makes one POST to an address that strangers may have named: it connects to allowed addresses only, follows no
 * redirect, and reads nothing of the answer but its status. Never throws for what the receiver does.
 */
export interface WebhookSender {
  send(request: WebhookRequest, signal: AbortSignal): Promise<WebhookOutcome>;
}
