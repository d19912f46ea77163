namespace BlazeGateway.Demo.ModelServer.Batching;

/// <summary>What an engine has done since its start or reset. Written by the engine's loop only; readers may see values of the step under way.</summary>
internal sealed class EngineTotals
{
    private static readonly double[] LatencyBounds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640];
    private static readonly double[] TokenBounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000];

    public long PrefillTokens { get; set; }

    public long PromptTokens { get; private set; }

    public long GeneratedTokens { get; private set; }

    /// <summary>Those of them that belong to answers whose client left before the end.</summary>
    public long DiscardedTokens { get; private set; }

    public long PrefixQueries { get; set; }

    public long PrefixHits { get; set; }

    public long Preemptions { get; set; }

    public long Aborted { get; private set; }

    public long FinishedByStop { get; private set; }

    public long FinishedByLength { get; private set; }

    public long Steps { get; set; }

    /// <summary>Nanoseconds in which the engine computed: the lengths of all steps.</summary>
    public long BusyNanoseconds { get; set; }

    /// <summary>Answers generated to their end.</summary>
    public long Answered => FinishedByStop + FinishedByLength;

    public Histogram FirstToken { get; } = new(LatencyBounds);

    public Histogram BetweenTokens { get; } = new(LatencyBounds);

    public Histogram EndToEnd { get; } = new(LatencyBounds);

    public Histogram Queued { get; } = new(LatencyBounds);

    public Histogram Prefill { get; } = new(LatencyBounds);

    public Histogram Decode { get; } = new(LatencyBounds);

    public Histogram PromptLength { get; } = new(TokenBounds);

    public Histogram AnswerLength { get; } = new(TokenBounds);

    public void Admitted(Sequence sequence)
    {
        PromptTokens += sequence.Prompt.Tokens;
        Queued.Observe(Seconds(sequence.Times.Admitted - sequence.Times.Arrived));
        PromptLength.Observe(sequence.Prompt.Tokens);
    }

    /// <summary>Called before the token is published, so <see cref="SequenceTimes.LastToken"/> is still the one before.</summary>
    public void Emitting(Sequence sequence, long now)
    {
        GeneratedTokens++;
        if (sequence.Emitted == 0)
        {
            FirstToken.Observe(Seconds(now - sequence.Times.Arrived));
            Prefill.Observe(Seconds(now - sequence.Times.Admitted));
        }
        else
        {
            BetweenTokens.Observe(Seconds(now - sequence.Times.LastToken));
        }
    }

    public void Finished(Sequence sequence)
    {
        EndToEnd.Observe(Seconds(sequence.Times.LastToken - sequence.Times.Arrived));
        Decode.Observe(Seconds(sequence.Times.LastToken - sequence.Times.FirstToken));
        AnswerLength.Observe(sequence.Emitted);
        if (sequence.EndsByLength)
        {
            FinishedByLength++;
        }
        else
        {
            FinishedByStop++;
        }
    }

    /// <summary>Its client left before it was finished: what it generated was for nobody.</summary>
    public void Dropped(Sequence sequence)
    {
        Aborted++;
        DiscardedTokens += sequence.Emitted;
    }

    private static double Seconds(long nanoseconds) => nanoseconds / 1e9;
}
