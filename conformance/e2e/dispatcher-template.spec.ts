import { desk, signIn, written } from './support/office.ts';
import { expect, test } from './support/test.ts';

test.use({ ...desk, actionTimeout: 60_000 });

test('from a template to a printed report: fields of every kind, checklist, an outcome with its note', async ({ page, server }) => {
  const office = server.as('dispatcher');
  await signIn(page, '/templates');
  await page.getByRole('button', { name: 'New template' }).click();
  await page.getByRole('textbox', { name: 'Name of the template' }).fill('Meter reading');
  await page.getByRole('textbox', { name: 'Title' }).fill('Read the meter');
  await page.getByRole('textbox', { name: 'Minutes' }).fill('20');
  const report = page.getByRole('region', { name: 'Report' });
  const kinds = ['Text', 'Number', 'Yes or no', 'Date', 'Pick list', 'Action (tick)', 'Photos', 'Signature', 'File'];
  for (const [i, kind] of kinds.entries()) {
    await report.getByRole('button', { name: 'Add a field' }).click();
    const field = report.getByRole('listitem').nth(i);
    await field.getByRole('textbox', { name: 'Name' }).fill(`My ${kind}`);
    if (kind === 'Text') continue;
    await field.getByRole('combobox', { name: 'Kind' }).click();
    await page.getByRole('option', { name: kind, exact: true }).click();
    await expect(field.getByRole('combobox', { name: 'Kind' })).toHaveValue(kind);
  }
  const list = report.getByRole('listitem').filter({ has: page.getByRole('combobox', { name: 'Options' }) });
  await list.getByRole('combobox', { name: 'Options' }).fill('Cellar');
  await list.getByRole('combobox', { name: 'Options' }).press('Enter');
  await report.getByRole('listitem').nth(1).getByRole('checkbox', { name: 'Required' }).check();
  const checklist = page.getByRole('region', { name: 'Checklist' });
  await checklist.getByRole('button', { name: 'Add an item' }).click();
  await checklist.getByRole('textbox', { name: 'Item' }).fill('Seal is whole');
  const outcomes = page.getByRole('region', { name: 'How it may end' });
  await outcomes.getByRole('button', { name: 'Add a result' }).click();
  await outcomes.getByRole('textbox', { name: 'Name' }).fill('Nobody was there');
  await outcomes.getByRole('checkbox', { name: 'Successful' }).uncheck();
  await outcomes.getByRole('checkbox', { name: 'Needs a note' }).check();
  // A colleague adds a field while this one puts them in another order: both stand.
  const id = new URL(page.url()).pathname.split('/').pop()!;
  await office.ask('PATCH', `/templates/${id}`, { report_fields: { theirs: { name: 'Of a colleague', field_type: 'text' } } });
  await report.getByRole('button', { name: 'Move up: My Number' }).click();
  await expect(report.getByRole('listitem').first().getByRole('textbox', { name: 'Name' })).toHaveValue('My Number');
  type Template = { report_fields: { name: string; field_type: string; required: boolean; options?: string[] }[]; possible_resolutions: { note_required: boolean; successful: boolean }[] };
  const template = await office.ask<Template>('GET', `/templates/${id}`);
  expect(template.report_fields.map((f) => f.field_type)).toEqual(['number', 'text', 'yes_no', 'date', 'pick_list', 'action', 'photo', 'signature', 'file', 'text']);
  expect(template.report_fields[4]!.options).toContain('Cellar');
  expect(template.report_fields[0]).toMatchObject({ name: 'My Number', required: true });
  expect(template.possible_resolutions).toMatchObject([{ note_required: true, successful: false }]);

  await page.getByRole('link', { name: 'New job from it' }).click();
  await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue('Read the meter');
  await page.getByRole('combobox', { name: 'Client' }).click();
  await page.getByRole('option', { name: 'Bakery Kern' }).click();
  await page.getByRole('combobox', { name: 'Assigned to' }).click();
  await page.getByRole('option', { name: 'Anna Worker' }).click();
  await page.getByRole('radio', { name: 'Publish at once' }).check();
  await page.getByRole('button', { name: 'Make the job' }).click();
  await written(page);
  const job = await office.find('Read the meter');
  expect(new URL(page.url()).pathname).toBe(`/jobs/${job.id}`);
  expect(job.status).toBe('published');
  await expect(page.getByRole('combobox', { name: 'Client' })).toHaveValue('Bakery Kern');

  const worker = server.as('worker-anna');
  await worker.status(job.id, { status: 'started' });
  const answer = (name: string, value: unknown) => worker.ask('PUT', `/jobs/${job.id}/fields/${job.report_fields.find((f) => f.name === name)!.uuid}`, { value });
  await answer('My Number', 4711);
  await answer('My Text', 'Behind the freezer');
  await answer('My Pick list', 'Cellar');
  await answer('My Yes or no', true);
  await worker.ask('PUT', `/jobs/${job.id}/checklist/${job.checklist[0]!.uuid}`, { done: true });
  await expect(page.getByRole('textbox', { name: 'My Text' })).toHaveValue('Behind the freezer');

  await page.getByRole('button', { name: 'Finish', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Finish the job' });
  await dialog.getByRole('radio', { name: /Nobody was there/ }).check();
  await expect(dialog.getByRole('button', { name: 'Finish' })).toBeDisabled(); // it needs a note
  await dialog.getByLabel('Note').fill('Rang three times.');
  await dialog.getByRole('button', { name: 'Finish' }).click();
  await expect.poll(async () => (await office.job(job.id)).resolution?.note).toBe('Rang three times.');

  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Print the report' }).click();
  await page.emulateMedia({ media: 'print' });
  const article = page.getByRole('article');
  for (const text of ['Nobody was there', 'Rang three times.', '4,711', 'Behind the freezer', 'Cellar', 'Seal is whole', 'Bakery Kern', 'Anna Worker']) await expect(article).toContainText(text);
  await expect(page.getByRole('navigation')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Print the report' })).toBeHidden();
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' }); // paper is white, whatever the screen is
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
  await expect(article).toHaveCSS('color', 'rgb(0, 0, 0)');
  await expect(article).toHaveCSS('background-color', 'rgb(255, 255, 255)');
  expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(10_000);
  await page.emulateMedia({ media: 'screen' });
  await page.getByRole('link', { name: 'To the job' }).click();
  await written(page);
});

test('an entry that was removed from a template by mistake is back where it was', async ({ page, server }) => {
  const office = server.as('dispatcher');
  const { id } = await office.ask<{ id: string }>('POST', '/templates', {
    name: 'Descaling',
    report_fields: { a: { name: 'Before', field_type: 'text' }, b: { name: 'Acid', field_type: 'pick_list', options: ['citric', 'formic'], required: true }, c: { name: 'After', field_type: 'text' } },
  });
  const kept = async () => (await office.ask<{ report_fields: { uuid: string; name: string }[] }>('GET', `/templates/${id}`)).report_fields;
  const before = await kept();
  const at = before.findIndex((f) => f.name === 'Acid');
  await signIn(page, `/templates/${id}`);
  await page.getByRole('button', { name: 'Remove: Acid' }).click();
  await expect.poll(async () => (await kept()).length).toBe(2);
  await page.getByRole('region', { name: 'Messages' }).getByRole('button', { name: 'Undo' }).click();
  await expect.poll(kept).toEqual(before);
  await expect(page.getByRole('region', { name: 'Report' }).getByRole('listitem').nth(at).getByRole('textbox', { name: 'Name' })).toHaveValue('Acid');
});

test('a new job takes what its template says: another template puts its own in place of that, and takes nothing that was typed', async ({ page, server }) => {
  const office = server.as('dispatcher');
  const make = (name: string, minutes: number, item: string) => office.ask('POST', '/templates', { name, title: `${name} at`, description: `Bring what ${name} needs.`, scheduled_duration: { minutes }, checklist: { [item]: { text: item } } });
  await make('Descaling', 45, 'Acid rinsed out');
  await make('Bleeding', 25, 'No more air');
  await signIn(page, '/new');
  const field = (name: string) => page.getByRole('textbox', { name, exact: true });
  const choose = async (name: string) => {
    await page.getByRole('combobox', { name: 'Template' }).click();
    await page.getByRole('option', { name, exact: true }).click();
  };
  await choose('Descaling');
  await expect(field('Title')).toHaveValue('Descaling at');
  await expect(field('Minutes')).toHaveValue('45');
  await field('Description').fill('The third floor only.');
  await choose('Bleeding');
  await expect(field('Title')).toHaveValue('Bleeding at');
  await expect(field('Minutes')).toHaveValue('25');
  await expect(field('Description')).toHaveValue('The third floor only.');
  await page.getByRole('button', { name: 'Make the job' }).click();
  await written(page);
  const job = await office.job(new URL(page.url()).pathname.split('/').pop()!);
  expect(job).toMatchObject({ title: 'Bleeding at', description: 'The third floor only.', scheduled_duration: { minutes: 25 }, checklist: [{ text: 'No more air' }] });
});
