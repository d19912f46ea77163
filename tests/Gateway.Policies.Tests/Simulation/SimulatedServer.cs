using System.Net;
using System.Net.Sockets;
using System.Text;
using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>What a server does to requests that reach it.</summary>
internal enum ServerMood
{
    /// <summary>It answers.</summary>
    Well,

    /// <summary>Its port is closed; what it had in flight was reset.</summary>
    Dead,

    /// <summary>Nobody answers the connection.</summary>
    Unreachable,

    /// <summary>It takes requests and answers nothing.</summary>
    Hanging,

    /// <summary>It ends connections without an answer.</summary>
    Resetting,

    /// <summary>It answers 503.</summary>
    Unavailable,

    /// <summary>It answers 500.</summary>
    Erring,

    /// <summary>It answers 429 with <c>Retry-After</c>.</summary>
    Limiting,

    /// <summary>Its answers break off in the middle.</summary>
    Breaking,

    /// <summary>Its answers stand still in the middle.</summary>
    Stalling,

    /// <summary>Its streams begin with an error.</summary>
    ErrorFirst,

    /// <summary>It loads its model: 503 to requests and to probes.</summary>
    Loading,
}

/// <summary>A model server in simulated time. It is the fault injector: everything between the client and it is the product's own.</summary>
/// <param name="host">Host of its address.</param>
/// <param name="time">Clock.</param>
/// <param name="random">Chance.</param>
internal sealed class SimulatedServer(string host, SimulatedTime time, Random random)
{
    private readonly List<Flight> _flights = [];

    public string Host { get; } = host;

    public ServerMood Mood { get; private set; }

    /// <summary>Part of the requests that are answered 503 although it is well.</summary>
    public double Flaky { get; set; }

    /// <summary>Whether it was never anything but well, so that nothing may be held against it.</summary>
    public bool IsBlameless { get; set; } = true;

    /// <summary>Seconds to the first byte.</summary>
    public Func<double> FirstByte { get; set; } = () => 0.005 + (0.2 * random.NextDouble());

    /// <summary>Events of a stream.</summary>
    public int Events { get; set; } = 3;

    /// <summary>Seconds between two events of a stream.</summary>
    public double Between { get; set; } = 0.02;

    /// <summary>Seconds a limited client is told to stay away.</summary>
    public int RetryAfter { get; set; } = 2;

    /// <summary>Requests that reached it, refused connections among them.</summary>
    public int Asked { get; private set; }

    /// <summary>Changes what it does. One that dies resets what it has in flight.</summary>
    public void Become(ServerMood mood)
    {
        Mood = mood;
        IsBlameless &= mood == ServerMood.Well && Flaky == 0;
        if (mood == ServerMood.Dead)
        {
            foreach (var flight in _flights.ToArray())
            {
                flight.Break();
            }
        }
    }

    /// <summary>What a probe finds that began now and waits for no longer than <paramref name="patience"/>, and after which time.</summary>
    public ProbeFinding Probe(TimeSpan patience) => Mood switch
    {
        ServerMood.Dead => new(ProbeFindingKind.Refused, IsHard: true) { Took = TimeSpan.FromMilliseconds(1) },
        ServerMood.Unreachable or ServerMood.Hanging => new(ProbeFindingKind.Silent, IsHard: true) { Took = patience },
        ServerMood.Resetting => new(ProbeFindingKind.Broken, IsHard: true) { Took = TimeSpan.FromMilliseconds(1) },
        ServerMood.Loading => new(random.Next(2) == 0 ? ProbeFindingKind.Loading : ProbeFindingKind.Unavailable, IsHard: true) { Took = TimeSpan.FromMilliseconds(2) },
        ServerMood.Erring => new(ProbeFindingKind.ServerError, IsHard: true) { Took = TimeSpan.FromMilliseconds(2) },
        _ => new(ProbeFindingKind.Alive, IsHard: true) { Took = TimeSpan.FromMilliseconds(2) },
    };

    /// <summary>Answers, or fails to.</summary>
    /// <param name="request">The request.</param>
    /// <param name="ended">Called when the server has done with it, however.</param>
    /// <param name="cancellation">The gateway gives it up.</param>
    public async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, Action ended, CancellationToken cancellation)
    {
        Asked++;
        var isAnswering = false;
        try
        {
            var mood = Flaky > 0 && Mood == ServerMood.Well && random.NextDouble() < Flaky ? ServerMood.Unavailable : Mood;
            if (mood == ServerMood.Dead)
            {
                throw new HttpRequestException(HttpRequestError.ConnectionError, "Refused.", new SocketException((int)SocketError.ConnectionRefused));
            }

            if (mood == ServerMood.Unreachable)
            {
                await Wait(2, cancellation);
                throw new HttpRequestException(HttpRequestError.ConnectionError, "No connection.", new TimeoutException());
            }

            var body = request.Content is null ? "" : await ReadAsync(request.Content, cancellation);
            if (mood == ServerMood.Resetting)
            {
                await Wait(0.001, cancellation);
                throw Reset();
            }

            await Wait(mood == ServerMood.Hanging ? double.PositiveInfinity : FirstByte(), cancellation);
            var answer = Answer(mood, body, ended);
            isAnswering = true;
            return answer;
        }
        finally
        {
            if (!isAnswering)
            {
                ended();
            }
        }
    }

    /// <summary>Ends when the time is over, the gateway gives up, or the server dies; the latter two a moment after, as a socket's do.</summary>
    internal async Task Wait(double seconds, CancellationToken cancellation)
    {
        var flight = new Flight(time);
        _flights.Add(flight);
        await using var given = cancellation.UnsafeRegister(static (state, token) => ((Flight)state!).GiveUp(token), flight);
        if (double.IsFinite(seconds))
        {
            time.After(TimeSpan.FromSeconds(seconds), flight.Come);
        }

        try
        {
            await flight.Landed;
        }
        finally
        {
            _flights.Remove(flight);
        }
    }

    private static async Task<string> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        using var read = new MemoryStream();
        await content.CopyToAsync(read, cancellation);
        return Encoding.UTF8.GetString(read.GetBuffer(), 0, (int)read.Length);
    }

    private static HttpRequestException Reset() => new(HttpRequestError.ResponseEnded, "Reset.", new IOException("Reset.", new SocketException((int)SocketError.ConnectionReset)));

    private HttpResponseMessage Answer(ServerMood mood, string body, Action ended)
    {
        var status = mood switch
        {
            ServerMood.Unavailable or ServerMood.Loading => HttpStatusCode.ServiceUnavailable,
            ServerMood.Erring => HttpStatusCode.InternalServerError,
            ServerMood.Limiting => HttpStatusCode.TooManyRequests,
            _ => HttpStatusCode.OK,
        };
        var isStream = status == HttpStatusCode.OK && body.Contains("\"stream\":true", StringComparison.Ordinal);
        var ending = mood switch
        {
            ServerMood.Breaking => AnswerEnding.Broken,
            ServerMood.Stalling => AnswerEnding.Still,
            _ => AnswerEnding.Whole,
        };
        string[] pieces = status != HttpStatusCode.OK ? [$$$"""{"error":{"message":"{{{Host}}}"}}"""]
            : mood == ServerMood.ErrorFirst && isStream ? ["data: {\"error\":{\"message\":\"" + Host + "\",\"type\":\"server_error\",\"code\":503}}\n\n"]
            : isStream ? [.. Enumerable.Range(0, Events).Select(i => $$$"""data: {"choices":[{"delta":{"content":"{{{Host}}} {{{i}}}"}}]}""" + "\n\n"), "data: [DONE]\n\n"]
            : [$$"""{"choices":[{"message":{"content":"{{Host}} """, "whole\"}}]}"];
        var answer = new HttpResponseMessage(status) { Content = new StreamContent(new SimulatedAnswer(this, pieces, ending, Between, ended)) };
        answer.Content.Headers.TryAddWithoutValidation("Content-Type", isStream ? "text/event-stream" : "application/json");
        if (mood == ServerMood.Limiting)
        {
            answer.Headers.TryAddWithoutValidation("Retry-After", RetryAfter.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        return answer;
    }

    /// <summary>A wait of the server's.</summary>
    private sealed class Flight(SimulatedTime time)
    {
        // Goes on where it is completed, so that a run has one thread.
        private readonly TaskCompletionSource _landing = new();

        public Task Landed => _landing.Task;

        public void Come() => _landing.TrySetResult();

        public void Break() => time.After(TimeSpan.Zero, () => _landing.TrySetException(Reset()));

        public void GiveUp(CancellationToken token) => time.After(TimeSpan.Zero, () => _landing.TrySetCanceled(token));
    }
}

/// <summary>How the body of an answer ends.</summary>
internal enum AnswerEnding
{
    Whole,
    Broken,
    Still,
}
