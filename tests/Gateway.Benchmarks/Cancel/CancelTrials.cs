using System.Text;
using System.Text.Json;
using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.Benchmarks.Cancel;

/// <summary>
/// Clients that leave, one after another, and the time until the model server behind the gateway sees it. Clients and model server share this process
/// and its clock; the gateway may be anywhere.
/// </summary>
/// <param name="gateway">Where the gateway listens, configured as <see cref="Routes"/> says.</param>
/// <param name="server">The model server behind it.</param>
/// <param name="isHttp2">Whether clients speak HTTP/2.</param>
/// <param name="time">The model server's clock.</param>
internal sealed class CancelTrials(Uri gateway, ModelServerHost server, bool isHttp2, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);
    private readonly HttpMessageInvoker _connection = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>How long the model server may take to see it before the trial counts as missed. Default: 10 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>routes.json for the gateway: everything below <c>/upload</c> streams, the rest is inference.</summary>
    public static string Routes(Uri modelServer, bool isHttp2) => JsonSerializer.Serialize(new
    {
        ReverseProxy = new
        {
            Routes = new
            {
                upload = new { ClusterId = "servers", Match = new { Path = "/upload/{**rest}" }, Extensions = new { Inference = false } },
                all = new { ClusterId = "servers", Match = new { Path = "/{**rest}" }, Extensions = new { Inference = true } },
            },
            Clusters = new
            {
                servers = new
                {
                    Destinations = new { one = new { Address = modelServer } },
                    HttpRequest = new { Version = isHttp2 ? "2" : "1.1", VersionPolicy = "RequestVersionExact" },
                    Extensions = new { ModelServer = new { Kind = "vllm", Models = new[] { "demo-small" } } },
                },
            },
        },
    });

    /// <summary>Runs so many trials of one moment.</summary>
    public async Task<CancelResult> RunAsync(CancelMoment moment, int trials, CancellationToken cancellation)
    {
        server.SetFault(moment switch
        {
            CancelMoment.FirstByte => "hang=head;path=/v1/chat",
            CancelMoment.Stream => "hang=after:3;path=/v1/chat",
            CancelMoment.Document => "hang=bytes:40;path=/v1/chat",
            _ => "",
        });
        var delays = new List<TimeSpan>(trials);
        for (var i = 0; i < trials; i++)
        {
            if (await TryAsync(moment, cancellation) is { } delay)
            {
                delays.Add(delay);
            }
        }

        delays.Sort();
        return new CancelResult(moment, delays, trials - delays.Count);
    }

    public void Dispose() => _connection.Dispose();

    private async Task<TimeSpan?> TryAsync(CancelMoment moment, CancellationToken cancellation)
    {
        // What the gateway asks by itself comes and goes between two looks.
        if (!await IsTrueAsync(() => server.Stats.InFlight == 0, cancellation))
        {
            throw new InvalidOperationException($"The model server has {server.Stats.InFlight} requests in flight that nobody waits for.");
        }

        using CancelClient client = isHttp2 ? new Http2CancelClient(_connection) : new Http1CancelClient();
        await ReachAsync(client, moment, cancellation);
        var seen = server.Stats.Cancelled;
        var left = time.GetUtcNow();
        client.Leave();
        return await IsTrueAsync(() => server.Stats.Cancelled > seen, cancellation) ? server.Stats.Cancellations[^1] - left : null;
    }

    private async Task ReachAsync(CancelClient client, CancelMoment moment, CancellationToken cancellation)
    {
        var body = Encoding.UTF8.GetBytes(
            $$"""{"model":"demo-small","stream":{{(moment == CancelMoment.Stream ? "true" : "false")}},"max_tokens":40,"messages":[{"role":"user","content":"{{new string('x', 2000)}}"}]}""");
        var isUpload = moment == CancelMoment.Upload;
        var stats = server.Stats;
        
        // The gateway asks the model server by itself, too; only clients post.
        var (posts, read) = (stats.Posts, stats.Read);
        var address = new Uri(gateway, isUpload ? "/upload/v1/chat/completions" : "/v1/chat/completions");
        await client.SendAsync(address, body, isUpload ? body.Length / 2 : body.Length, cancellation);
        var isThere = await IsTrueAsync(() => isUpload ? stats.Posts > posts : stats.Read > read, cancellation);
        if (!isThere)
        {
            throw new InvalidOperationException($"A request ({moment}) did not reach the model server within {Patience.TotalSeconds} s.");
        }

        if (moment == CancelMoment.Stream)
        {
            await client.ReadUntilAsync("\n\n", 3, cancellation);
        }
        else if (moment == CancelMoment.Document)
        {
            await client.ReadUntilAsync("{\"id\"", 1, cancellation);
        }
    }

    private async Task<bool> IsTrueAsync(Func<bool> condition, CancellationToken cancellation)
    {
        var since = time.GetTimestamp();
        while (!condition())
        {
            if (time.GetElapsedTime(since) > Patience)
            {
                return false;
            }

            await Task.Delay(Step, time, cancellation);
        }

        return true;
    }
}
