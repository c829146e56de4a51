// Uploads one file with tus-js-client, as an application would. What is to be done comes as JSON in the first argument; what
// happens goes to stdout, a line each: "at N" (bytes accepted by the server), "sent N", "done", "failed STATUS BODY".
import fs from 'node:fs'
import * as tus from 'tus-js-client'

const job = JSON.parse(process.argv[2])
const say = line => fs.writeSync(1, line + '\n')

const upload = new tus.Upload(fs.createReadStream(job.file), {
  endpoint: job.endpoint,
  headers: { Authorization: 'Bearer ' + job.token },
  metadata: { sha256: job.sha256, job: job.job, filename: 'photo.jpg', filetype: 'image/jpeg' },
  chunkSize: job.chunkSize || Infinity,
  uploadDataDuringCreation: Boolean(job.during),
  retryDelays: job.retryDelays ?? [0, 50, 100, 200, 400],
  urlStorage: new tus.FileUrlStorage(job.urls),
  removeFingerprintOnSuccess: true,
  onChunkComplete: (size, accepted) => say('at ' + accepted),
  onProgress: sent => say('sent ' + sent),
  onSuccess: () => say('done'),
  onError: error => {
    const answer = error.originalResponse
    say(`failed ${answer ? answer.getStatus() : 0} ${answer ? answer.getBody() : error.message}`)
    process.exitCode = 1
  }
})
const previous = await upload.findPreviousUploads()
if (previous.length > 0) {
  say('resuming')
  upload.resumeFromPreviousUpload(previous[0])
}
upload.start()
