/** Sets switches of an emulator; those that are not named go back to the values of its start. */
export async function setEmulatorFaults(emulatorUrl: string, faults: Readonly<Record<string, unknown>>): Promise<void> {
  const response = await fetch(`${emulatorUrl}/_emulator/faults`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(faults),
  });
  if (!response.ok) throw new Error(`the emulator refused the faults: ${await response.text()}`);
  await response.arrayBuffer();
}
