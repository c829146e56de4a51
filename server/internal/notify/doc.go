// Package notify tells people of what others change in their jobs, on devices that are asleep: rules S10 to S12. It keeps the devices that may be told
// (subscriptions), what each person wants to hear (settings), and an outbox; it sends by Web Push, which is UnifiedPush too, FCM and APNs.
//
// # From a change to a notice
//
// With a change of a job, in its own durable write, a mark is stored if one of the job's people has a subscription (OnStore): from it on, the notice is
// due, whatever happens. Soon after, the marked changes are read from the store and told apart for each person (package rules), and what he is to hear
// is put into the outbox, for each of his devices, in the write that removes the marks. So a crash repeats a step and loses none; a change that did not become
// durable left no mark.
//
// In the outbox a device has one message of a job: what comes while it waits joins it. A message of changes that nobody acts upon at once waits until the job
// was left alone for a while (Options.Calm).
//
// # Before it is sent
//
// It is looked again whether the device is still signed in, whether its person may read the job now, and what he wants. Who lost the job hears that, by
// the name that he knew. Each message goes at least once; a later one of the same job takes its place, at the push service (topic) and on the screen (tag).
//
// It touches the store and, through package egress, the network.
package notify
