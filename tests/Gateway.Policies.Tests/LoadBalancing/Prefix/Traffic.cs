using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.LoadBalancing.Prefix;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Prefix;

/// <summary>
/// Conversations that share system prompts, and prompts that come once, sent where most is expected to be cached unless that has too much in flight. Servers
/// differ in the size of their cache, in tokens of a byte and in tokens of a block; what they generate is cached too. Beside the memory that learns, one
/// that does not gets the same.
/// </summary>
internal sealed class Traffic
{
    private const double Rate = 60;

    private readonly PriorityQueue<Action, double> _events = new();
    private readonly Random _random;
    private readonly Server[] _servers;
    private readonly int _blocks;
    private double _now;
    private ulong _names;

    public Traffic(int seed, int blocks, bool states = true, params double[] sizes)
    {
        (_random, _blocks) = (new Random(seed), blocks);
        _servers = [.. sizes.Select((size, i) => new Server(size, blocks, bytesPerToken: 3.4 + (0.35 * (i % 4)), grain: i % 3 == 2 ? 32 : 16, states))];
        At(0, Arrive);
    }

    public IReadOnlyList<Server> Servers => _servers;

    public void Run(double until)
    {
        while (_events.TryPeek(out _, out var time) && time <= until)
        {
            _now = time;
            _events.Dequeue()();
        }
    }

    public void Restart(int server) => _servers[server].Cache.Clear();

    public (Tally Learned, Tally Open) Sum(bool reset = true)
    {
        var sums = _servers.Aggregate((new Tally(), new Tally()), (sum, server) => (sum.Item1 + server.Learned, sum.Item2 + server.Open));
        foreach (var server in reset ? _servers : [])
        {
            (server.Learned, server.Open) = (default, default);
        }

        return sums;
    }

    private void At(double delay, Action what) => _events.Enqueue(what, _now + delay);

    private double Exponential(double mean) => -mean * Math.Log(1 - _random.NextDouble());

    private void Arrive()
    {
        At(Exponential(1 / Rate * 4), Arrive);
        var once = _random.NextDouble() < 0.4;
        var system = _random.Next(12);
        var talk = new Talk(once ? 0 : (ulong)system + 1, once ? 0 : 1_500 + (system * 400), PlacementHash.Mix(++_names + 1_000_000));
        Ask(talk, once ? 1 : 2 + _random.Next(10));
    }

    private void Ask(Talk talk, int turns)
    {
        talk.Bytes += 200 + (int)Exponential(900) + (talk.Bytes == 0 ? _random.Next(4_000) : 0);
        var chain = talk.Blocks(Math.Min(talk.Bytes, PromptFingerprint.MaxBlocks * PromptFingerprint.BlockBytes), PromptFingerprint.BlockBytes);
        var server = Pick(chain);
        server.InFlight++;
        var (forecast, open) = (server.Memory.Send(chain), server.Unlearned.Send(chain));
        var sent = talk.Bytes;
        var output = 100 + (int)Exponential(500);
        At(0.02 + Exponential(0.05), () =>
        {
            var prompt = talk.Blocks(sent, server.BlockBytes);
            var tokens = (int)(sent / server.BytesPerToken) + 5 + _random.Next(20);
            var cached = Math.Min(server.Cache.Cached(prompt) * server.Grain, tokens - 1) / server.Grain * server.Grain;
            server.Cache.Use(prompt);
            server.Learned += Tally.Of(server, server.Memory, forecast, sent, cached);
            server.Open += Tally.Of(server, server.Memory, open, sent, cached);
            At(Exponential(1.5), () =>
            {
                server.InFlight--;
                server.Cache.Use(talk.Blocks(sent + output, server.BlockBytes));
                server.Memory.Answered(forecast, tokens, sent, server.States ? cached : -1);
                talk.Bytes = sent + output;
                if (turns > 1)
                {
                    At(Exponential(_random.NextDouble() < 0.3 ? 40 : 6), () => Ask(talk, turns - 1));
                }
            });
        });
    }

    private Server Pick(ulong[] chain)
    {
        var best = _servers[_random.Next(_servers.Length)];
        var most = -1;
        foreach (var server in _servers)
        {
            var match = server.Memory.Match(chain);
            if (match > most && server.InFlight < 40)
            {
                (best, most) = (server, match);
            }
        }

        return most <= 0 || (most < 100 && _random.NextDouble() < 0.1) ? _servers[_random.Next(_servers.Length)] : best;
    }

    /// <summary>A conversation: bytes of the system prompt it shares, then its own.</summary>
    private sealed class Talk(ulong system, int systemBytes, ulong name)
    {
        public int Bytes { get; set; } = systemBytes;

        public ulong[] Blocks(int bytes, double blockBytes) =>
        [
            .. Enumerable.Range(1, (int)(bytes / blockBytes)).Select(i =>
                PlacementHash.Mix((i * blockBytes <= systemBytes ? system : name) ^ PlacementHash.Mix((ulong)i))),
        ];
    }

    internal sealed class Server(double size, int blocks, double bytesPerToken, int grain, bool states)
    {
        public ServerCache Cache { get; } = new((int)(size * blocks * PromptFingerprint.BlockBytes / (bytesPerToken * grain)));

        public PrefixMemory Memory { get; } = new(room: 8 * blocks, size: blocks);

        public PrefixMemory Unlearned { get; } = new(room: 8 * blocks, size: blocks, learns: false);

        public double BytesPerToken => bytesPerToken;

        public double BlockBytes => bytesPerToken * grain;

        public int Grain => grain;

        public bool States => states;

        public int InFlight { get; set; }

        public Tally Learned { get; set; }

        public Tally Open { get; set; }
    }

    /// <summary>Tokens predicted and cached, blocks predicted, and of those the ones that were not there.</summary>
    internal readonly record struct Tally(double Predicted, double Cached, double Blocks, double Stale)
    {
        public double Error => (Predicted / Cached) - 1;

        public double StalePart => Stale / Blocks;

        public static Tally operator +(Tally a, Tally b) => new(a.Predicted + b.Predicted, a.Cached + b.Cached, a.Blocks + b.Blocks, a.Stale + b.Stale);

        public static Tally Of(Server server, PrefixMemory scale, in PrefixForecast forecast, int bytes, int cached) => new(
            scale.TokensOf(forecast.Expected, bytes),
            cached,
            forecast.Expected,
            Math.Max(0, forecast.Expected - Math.Ceiling((cached + server.Grain) * server.BytesPerToken / PromptFingerprint.BlockBytes)));
    }
}
