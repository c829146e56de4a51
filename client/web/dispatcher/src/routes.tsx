import { Center, Title } from '@mantine/core';
import { createRootRoute } from '@tanstack/react-router';

export const routeTree = createRootRoute({
  component: () => (
    <Center mih="100vh">
      <Title order={1}>fieldsync</Title>
    </Center>
  ),
});
