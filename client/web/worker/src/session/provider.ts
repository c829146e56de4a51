/** Whether people sign in by their company's account here. */
export async function hasProvider(): Promise<boolean> {
  try {
    const response = await fetch('/api/v1/oidc');
    return response.ok && ((await response.json()) as { enabled?: boolean }).enabled === true;
  } catch {
    return false;
  }
}
