using System.Runtime.InteropServices;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Destinations.Prefix;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.Tests.Destinations.Prefix;

/// <summary>
/// Conversations that share system prompts, and prompts that come once, sent where most is expected to be cached unless that has too much in flight. Servers
/// differ in the size of their cache, in tokens of a byte and in tokens of a block; what they generate is cached too. Beside the memory that learns, one
/// that does not gets the same.
/// </summary>
internal sealed class Traffic
{
    private const double Rate = 150;

    private readonly PriorityQueue<Action, double> _events = new();
    private readonly Random _random;
    private readonly Server[] _servers;
    private double _now;
    private ulong _names;

    public Traffic(int seed, int blocks, bool states = true, params double[] sizes)
    {
        _random = new Random(seed);
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

    public void Restart(int server) => _servers[server].Restart();

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
        var talk = new Talk(once ? 0 : (ulong)system + 1, once ? 0 : 1_500 + (system * 400), PlacementHash.Mix(++_names + 1_000_000)) { Bytes = once ? 0 : 1_500 + (system * 400) };
        Ask(talk, once ? 1 : 2 + _random.Next(10));
    }

    private void Ask(Talk talk, int turns)
    {
        talk.Bytes += 200 + (int)Exponential(900) + (talk.Bytes == 0 ? _random.Next(4_000) : 0);
        var chain = talk.Blocks(Math.Min(talk.Bytes, PromptFingerprint.MaxBlocks * PromptFingerprint.BlockBytes), PromptFingerprint.BlockBytes);
        var server = Pick(chain);
        server.InFlight++;
        var asked = new Asked(talk, server, server.Starts, talk.Bytes, server.Memory.Send(chain), server.Unlearned.Send(chain), turns);
        At(0.02 + Exponential(0.05), () => Prefill(asked));
    }

    private void Prefill(Asked asked)
    {
        var server = asked.Server;
        if (server.Starts != asked.Starts)
        {
            server.InFlight--;
            return;
        }

        var prompt = asked.Talk.Blocks(asked.Bytes, server.BlockBytes);
        var tokens = (int)(asked.Bytes / server.BytesPerToken) + 5 + _random.Next(20);
        var cached = Math.Min(server.Cache.Cached(prompt) * server.Grain, tokens - 1) / server.Grain * server.Grain;
        server.Cache.Use(prompt);
        server.Learned += Tally.Of(server, asked.Forecast, asked.Bytes, cached);
        server.Open += Tally.Of(server, asked.Open, asked.Bytes, cached);
        At(Exponential(0.8), () => Answer(asked, tokens, cached));
    }

    private void Answer(Asked asked, int tokens, int cached)
    {
        var (talk, server) = (asked.Talk, asked.Server);
        server.InFlight--;
        if (server.Starts != asked.Starts)
        {
            return;
        }

        talk.Bytes += 100 + (int)Exponential(500);
        server.Cache.Use(talk.Blocks(talk.Bytes, server.BlockBytes));
        server.Memory.Answered(asked.Forecast, tokens, asked.Bytes, server.States ? cached : -1);
        if (asked.Turns > 1)
        {
            At(Exponential(_random.NextDouble() < 0.3 ? 40 : 6), () => Ask(talk, asked.Turns - 1));
        }
    }

    private Server Pick(ulong[] chain)
    {
        var best = _servers[_random.Next(_servers.Length)];
        foreach (var server in _servers)
        {
            best = Worth(server) > Worth(best) ? server : best;
        }

        return best;

        int Worth(Server server) => server.Memory.Match(chain) - (4 * server.InFlight);
    }

    private sealed record Asked(Talk Talk, Server Server, int Starts, int Bytes, PrefixForecast Forecast, PrefixForecast Open, int Turns);

    /// <summary>A conversation: bytes of the system prompt it shares, then its own.</summary>
    private sealed class Talk(ulong system, int systemBytes, ulong name)
    {
        public int Bytes { get; set; }

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

        public int Starts { get; private set; }

        public Tally Learned { get; set; }

        public Tally Open { get; set; }

        public void Restart()
        {
            Starts++;
            Cache.Clear();
        }
    }

    /// <summary>Tokens predicted and cached, blocks predicted, and of those the ones that were not there.</summary>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Tally(double Predicted, double Cached, double Blocks, double Stale)
    {
        public double Error => (Predicted / Cached) - 1;

        public double StalePart => Stale / Blocks;

        public override string ToString() => $"{Error:+0.0%;-0.0%} tokens, {StalePart:0.00%} stale";

        public static Tally operator +(Tally a, Tally b) => new(a.Predicted + b.Predicted, a.Cached + b.Cached, a.Blocks + b.Blocks, a.Stale + b.Stale);

        public static Tally Of(Server server, in PrefixForecast forecast, int bytes, int cached) => new(
            server.Memory.TokensOf(forecast.Expected, bytes),
            cached,
            forecast.Expected,
            Math.Max(0, forecast.Expected - Math.Ceiling((cached + server.Grain) * server.BytesPerToken / PromptFingerprint.BlockBytes)));
    }
}
