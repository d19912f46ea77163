using System.Runtime.InteropServices;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.LoadBalancing.Adaptive;

/// <summary>Works out what a request would cost on each of several destinations. Plain numbers in, plain numbers out.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly ref struct CostScan
{
    /// <summary>Costs that differ by less than this factor are equal: the one or the other by chance.</summary>
    public const double Alike = 1.03;

    /// <summary>A cost beyond this factor of the least is exploration.</summary>
    public const double Dearer = 1.05;

    /// <summary>A cost beyond this factor of the least is not even tried.</summary>
    public const double Dearest = 2;

    // How much what a destination must compute for the request counts beyond what the request itself waits for it. Others wait for it as well: those that come
    // later, the more the longer the queue is, and those that decode meanwhile. Chosen by simulation of regimes R1 to R7; the optimum is flat.
    private const double ForThoseToCome = 0.5;
    private const double ForEachQueued = 0.5;
    private const double ForEachInFlight = 0.05;
    private const double MostQueued = 20;

    // Of the prompt it computes, the most that a destination is thought to have computed: some is left until its answer begins.
    private const double MostDone = 0.9;

    private const double Thousand = 1000;

    private readonly CostModel _costs;
    private readonly CostShape _shape;
    private readonly LoadingCost _loading;
    private readonly ulong _model;
    private readonly TimeSpan _now;
    private readonly double _usualChunk;
    private readonly double _usualPrompt;

    /// <param name="memory">What was learned.</param>
    /// <param name="model">Model the request asks for; 0 for none.</param>
    /// <param name="usualPrompt">Tokens of a prompt, for requests of others that model servers report; 0 when not known.</param>
    /// <param name="loading">What it costs where the model is not loaded.</param>
    /// <param name="now">Time since the moment everything learned is stamped by.</param>
    public CostScan(AdaptiveMemory memory, ulong model, double usualPrompt, LoadingCost loading, TimeSpan now)
    {
        _loading = loading;
        _usualPrompt = usualPrompt;
        _costs = memory.Costs.Of(model);
        _shape = _costs.Shape;
        _usualChunk = memory.PerChunk;
        _model = model;
        _now = now;
    }

    /// <summary>
    /// What it costs to send the request there, comparable between destinations: seconds to the first chunk, more where it fails, answers slowly or stands
    /// still, for its weight. Infinite where there is no room.
    /// </summary>
    public double Cost(DestinationLoad destination, int ownTokens) => Cost(destination, ownTokens, out _);

    /// <summary>The same; <paramref name="predicted"/> is the time to the first chunk alone, not a number where there is no room.</summary>
    public double Cost(DestinationLoad destination, int ownTokens, out double predicted)
    {
        predicted = double.NaN;
        if (!destination.IsOpen)
        {
            return double.PositiveInfinity;
        }

        var pace = destination.Times.Of(_model).Pace;
        var factor = pace.Factor(_now);
        var features = Features(destination, ownTokens, factor, out var done);
        var seconds = _shape.Predict(features) * factor;
        predicted = seconds;
        var own = seconds - (_shape.Predict(features with { Tokens = features.Tokens - (ownTokens / Thousand) }) * factor);
        var queued = Math.Min(MostQueued, destination.PrefillTokens / (double)Math.Max(1, ownTokens));
        seconds += own * (ForThoseToCome + (ForEachQueued * queued) + (ForEachInFlight * destination.InFlight));
        seconds += _loading.On(destination) * _usualPrompt / Thousand * _shape.PerToken * factor;
        seconds += Silence(destination, seconds + done);
        seconds *= destination.Reported?.Pressure(_now) ?? 1;
        if (pace.Failures(_now) is > 0 and var failures)
        {
            seconds = (seconds * (1 - failures)) + (failures * PickNote.Penalty);
        }

        if (_usualChunk > 0 && pace.PerChunkAt(_usualChunk, _now) is > 0 and var chunk)
        {
            // The fourth root: chunks count a quarter.
            seconds *= Math.Sqrt(Math.Sqrt(chunk / _usualChunk));
        }

        return seconds / destination.EffectiveWeight;
    }

    /// <summary>How much longer than it should nothing has come of the prompts that a destination has to compute: it may stand still.</summary>
    private double Silence(DestinationLoad destination, double expected)
    {
        var silent = destination.SilentFor(_now);
        return silent > expected ? 2 * (silent - expected) : 0;
    }

    /// <summary>Keeps what is expected of <paramref name="destination"/> in <paramref name="note"/>.</summary>
    public void Expect(DestinationLoad destination, int ownTokens, double best, ref PickNote note)
    {
        var times = destination.Times.Of(_model);
        var factor = times.Pace.Factor(_now);
        var features = Features(destination, ownTokens, factor, out _);
        note.Expect(_costs, times, features, _shape.Predict(features), factor, best);
    }

    /// <summary>What a destination's time is told from. Of requests that others sent there half are thought to wait.</summary>
    /// <param name="destination">The destination.</param>
    /// <param name="ownTokens">Tokens of the request that it has to compute.</param>
    /// <param name="factor">How much longer it takes than another.</param>
    /// <param name="done">Seconds it has computed the prompt it is at.</param>
    private CostFeatures Features(DestinationLoad destination, int ownTokens, double factor, out double done)
    {
        var others = destination.Reported?.Others(_now) ?? 0;
        var (waiting, each) = (destination.PrefillTokens, _shape.PerToken * factor / Thousand);
        done = Math.Min(destination.SilentFor(_now), MostDone * each * waiting / Math.Max(1, destination.Streamed));
        var computed = each > 0 ? done / each : 0;
        return new((waiting - computed + ownTokens + (others * 0.5 * _usualPrompt)) / Thousand, destination.InFlight + others);
    }
}
