/** Whether people sign in by their company's account here. */
export async function hasProvider(): Promise<boolean> {
  try {
    const response = await fetch('/api/v1/oidc');
    return response.ok && ((await response.json()) as { enabled?: boolean }).enabled === true;
  } catch {
    return false;
  }
}

/** Where the company's sign-in begins. It sends the browser back to the app, which finds in its address how that went (docs/OPERATIONS.md). */
export const providerStart = `/api/v1/oidc/start?return=${encodeURIComponent('/m/?signed-in=1')}`;

/** How the company's sign-in went that sent the browser here: `error` is the code of what went wrong. undefined: the browser comes from elsewhere. */
export const cameBack: { error: string | null } | undefined = takeReturn();

/** Takes it out of the address, so that it is said once and not again with each reload. */
function takeReturn(): { error: string | null } | undefined {
  const here = new URL(location.href);
  if (!here.searchParams.has('signed-in')) return undefined;
  const error = here.searchParams.get('sign_in_error');
  here.searchParams.delete('signed-in');
  here.searchParams.delete('sign_in_error');
  history.replaceState(history.state, '', here);
  return { error };
}
