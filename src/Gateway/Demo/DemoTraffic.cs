using System.Buffers;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace BlazeGateway.Demo;

/// <summary>
/// Made-up clients of the demo: 20 to 40 requests a second of chats with several turns, and every three minutes half a minute in which
/// the server <c>slow</c> is four times slower. Repeatable by seed, bounded in requests under way.
/// </summary>
internal sealed class DemoTraffic : IDisposable
{
    /// <summary>Most requests under way; a turn that finds none free is left out.</summary>
    public const int MaxInFlight = 64;

    private const int Chats = 48;
    private const int MaxTurns = 8;
    private static readonly TimeSpan IncidentEvery = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan IncidentAfter = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);
    private static readonly string[] Subjects = ["rivers", "queues", "gardens", "caches", "bridges", "clocks", "lanterns", "maps"];
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly Uri _gateway;
    private readonly DemoServer? _slow;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly HttpClient _http;
    private readonly Chat[] _chats = new Chat[Chats];
    private int _inFlight;
    private long _sent;
    private long _failed;

    /// <param name="gateway">The gateway's data address.</param>
    /// <param name="servers">The demo's servers, for the incident.</param>
    /// <param name="time">Clock.</param>
    /// <param name="seed">Decides every chat, length and pause.</param>
    public DemoTraffic(Uri gateway, IReadOnlyList<DemoServer> servers, TimeProvider time, int seed = 1)
    {
        _gateway = new Uri(gateway, "/v1/chat/completions");
        _slow = servers.FirstOrDefault(s => s.Id == "slow");
        _time = time;
        _random = new Random(seed);
        _http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = MaxInFlight, ConnectTimeout = TimeSpan.FromSeconds(5) })
        {
            Timeout = TimeSpan.FromMinutes(2),
        };
        for (var i = 0; i < Chats; i++)
        {
            _chats[i] = NewChat(i);
        }
    }

    /// <summary>Requests sent.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <summary>Requests that did not end with a whole answer of status 200.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Requests under way.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Sends until cancelled, then returns within a moment; requests under way are given up.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Tick, _time);
        var start = _time.GetTimestamp();
        var due = 0.0;
        var nextIncident = IncidentAfter;
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                var elapsed = _time.GetElapsedTime(start);
                for (due += RequestsPerSecond(elapsed) * Tick.TotalSeconds; due >= 1; due--)
                {
                    SendNext(cancellationToken);
                }

                if (elapsed >= nextIncident)
                {
                    nextIncident += IncidentEvery;
                    _ = BeginIncidentAsync(cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Between 20 and 40, up and down once a minute.</summary>
    internal static double RequestsPerSecond(TimeSpan elapsed) => 30 - (10 * Math.Cos(2 * Math.PI * elapsed.TotalMinutes));

    private void SendNext(CancellationToken cancellationToken)
    {
        var first = _random.Next(Chats);
        var stream = _random.Next(4) > 0;
        var tokens = _random.Next(8, 65);
        if (InFlight >= MaxInFlight)
        {
            return;
        }

        for (var i = 0; i < Chats; i++)
        {
            var index = (first + i) % Chats;
            if (!_chats[index].IsBusy)
            {
                var body = _chats[index].NextTurn(stream, tokens);
                _ = SendAsync(_chats[index], body, cancellationToken);
                _chats[index] = _chats[index].Turns >= MaxTurns ? NewChat(index) : _chats[index];
                return;
            }
        }
    }

    private Chat NewChat(int index) => new($"Chat {index}: tell me about {Subjects[_random.Next(Subjects.Length)]}, part {_random.Next(1000)}. ", _random.Next(1, 12));

    private async Task SendAsync(Chat chat, string body, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _inFlight);
        Interlocked.Increment(ref _sent);
        var buffer = ArrayPool<byte>.Shared.Rent(8192);
        try
        {
            using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            content.Headers.ContentType = Json;
            using var request = new HttpRequestMessage(HttpMethod.Post, _gateway) { Content = content };
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            await using var answer = await response.Content.ReadAsStreamAsync(cancellationToken);
            while (await answer.ReadAsync(buffer, cancellationToken) > 0)
            {
            }

            Interlocked.Add(ref _failed, response.IsSuccessStatusCode ? 0 : 1);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            Interlocked.Add(ref _failed, cancellationToken.IsCancellationRequested ? 0 : 1);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            chat.IsBusy = false;
            Interlocked.Decrement(ref _inFlight);
        }
    }

    private async Task BeginIncidentAsync(CancellationToken cancellationToken)
    {
        if (_slow is null)
        {
            return;
        }

        try
        {
            using var plan = new StringContent("slow=4;for=30s");
            using var answer = await _http.PostAsync(new Uri(_slow.Address, "/__sim/fault"), plan, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            // No incident this time: the demo goes on.
        }
    }

    private sealed class Chat(string opening, int length)
    {
        private readonly JsonArray _messages = [];
        private volatile bool _isBusy;

        public int Turns { get; private set; }

        public bool IsBusy
        {
            get => _isBusy;
            set => _isBusy = value;
        }

        public string NextTurn(bool stream, int tokens)
        {
            IsBusy = true;
            Turns++;
            _messages.Add(new JsonObject { ["role"] = "user", ["content"] = string.Concat(Enumerable.Repeat(opening, length)) + "Turn " + Turns });
            var body = new JsonObject
            {
                ["model"] = DemoFleet.Model,
                ["stream"] = stream,
                ["max_tokens"] = tokens,
                ["messages"] = _messages.DeepClone(),
            }.ToJsonString();
            _messages.Add(new JsonObject { ["role"] = "assistant", ["content"] = "Here is part " + Turns + " of the answer." });
            return body;
        }
    }
}
