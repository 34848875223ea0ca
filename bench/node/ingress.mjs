// A notification handler in Node: fastify, Alipay's official SDK, amqplib. It verifies RSA2, publishes to a quorum queue
// and answers after the confirm, one process a core.
import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import amqp from 'amqplib';
import Fastify from 'fastify';
import { AlipaySdk } from 'alipay-sdk';

const { AMQP_URL, PUBLIC_KEY, PORT } = process.env;
const QUEUE = 'bench.node';

if (cluster.isPrimary) {
    const workers = Array.from({ length: availableParallelism() }, () => cluster.fork());
    let ready = 0;
    for (const worker of workers) {
        worker.on('message', () => {
            ready += 1;
            if (ready === workers.length) console.log('node ready');
        });
        worker.on('exit', () => process.exit(1));
    }
} else {
    const sdk = new AlipaySdk({ appId: '2021000000000001', alipayPublicKey: PUBLIC_KEY, privateKey: 'unused' });
    const connection = await amqp.connect(AMQP_URL);
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue(QUEUE, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    const app = Fastify();
    app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) => {
        done(null, Object.fromEntries(new URLSearchParams(body)));
    });
    app.post('/notify', async (request, reply) => {
        if (!sdk.checkNotifySignV2(request.body)) return reply.code(400).send('fail');
        await new Promise((resolve, reject) => {
            const body = Buffer.from(JSON.stringify(request.body));
            channel.sendToQueue(QUEUE, body, { persistent: true, mandatory: true }, (error) => (error ? reject(error) : resolve()));
        });
        return 'success';
    });
    await app.listen({ host: '127.0.0.1', port: Number(PORT) });
    process.send('ready');
}
