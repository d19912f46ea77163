using BlazeGateway.Demo.ModelServer.Batching;

namespace BlazeGateway.Tests.Demo.ModelServer;

public sealed class BatchEngineTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void OneSequenceTakesPrefillPlusOneStepPerToken()
    {
        var engine = new BatchEngine(new EngineOptions { PrefillRate = 1000, DecodeRate = 100, MaxStepTokens = 2048 });
        var sequence = Add(engine, promptTokens: 500, answerTokens: 11);

        Run(engine);

        Assert.Equal(0.5, Seconds(sequence.Times.FirstToken), 6);
        Assert.Equal(0.6, Seconds(sequence.Times.LastToken), 6);
        Assert.Equal(SequenceState.Finished, sequence.State);
        Assert.Equal(11, sequence.Emitted);
        Assert.Equal(0, engine.KvUsage);
    }

    [Fact]
    public void BatchingSlowsEachTokenAndRaisesThroughput()
    {
        double TimePerToken(int batch)
        {
            var engine = new BatchEngine(new EngineOptions { BatchCost = 0.05, DecodeRate = 100, PrefillRate = 1e9 });
            var sequences = Enumerable.Range(0, batch).Select(i => Add(engine, 16, 101, salt: (ulong)i)).ToArray();
            Run(engine);
            return Seconds(sequences[0].Times.LastToken - sequences[0].Times.FirstToken) / 100;
        }

        Assert.Equal(0.010, TimePerToken(1), 5);
        Assert.Equal(0.010 * (1 + (0.05 * 15)), TimePerToken(16), 5);
    }

    [Theory]
    [InlineData(3, 0)]
    [InlineData(4, 0)]
    [InlineData(5, 1)]
    public void AtMostMaxRunningRunAndTheRestQueuesInOrder(int sequences, int queued)
    {
        var engine = new BatchEngine(new EngineOptions { MaxRunning = 4 });
        var all = Enumerable.Range(0, sequences).Select(i => Add(engine, 16, 10, salt: (ulong)i)).ToArray();

        engine.Plan(0);

        Assert.Equal(queued, engine.Waiting);
        Assert.Equal(sequences - queued, engine.Running);
        Run(engine);
        Assert.Equal(queued > 0, all[^1].Times.Admitted > 0);
        Assert.True(all[^1].Times.FirstToken >= all[0].Times.FirstToken);
    }

    [Fact]
    public void ASharedPrefixIsNotComputedAgain()
    {
        var engine = new BatchEngine(new EngineOptions { PrefillRate = 1000 });
        var first = Add(engine, promptTokens: 160, answerTokens: 1, salt: 7);
        Run(engine);
        var second = Add(engine, promptTokens: 160, answerTokens: 1, salt: 7);
        Run(engine);

        // The last block is computed again: the last token's output is needed.
        Assert.Equal(0, first.CachedTokens);
        Assert.Equal(144, second.CachedTokens);
        Assert.Equal(0.160, Seconds(first.Times.FirstToken), 6);
        Assert.Equal(0.016, Seconds(second.Times.FirstToken), 6);
        Assert.Equal(144, engine.Totals.PrefixHits);
    }

    [Fact]
    public void TheLeastRecentlyUsedPrefixIsForgottenFirst()
    {
        var engine = new BatchEngine(new EngineOptions { KvBlocks = 24 });
        foreach (var salt in new ulong[] { 1, 2, 1, 3 })
        {
            Add(engine, 160, 1, salt);
            Run(engine);
        }

        var kept = Add(engine, 160, 1, salt: 1);
        Run(engine);
        var forgotten = Add(engine, 160, 1, salt: 2);
        Run(engine);

        Assert.True(kept.CachedTokens > 0);
        Assert.True(forgotten.CachedTokens < kept.CachedTokens);
    }

    [Fact]
    public void WithoutFreeBlocksTheYoungestIsPreemptedAndStillFinishes()
    {
        var engine = new BatchEngine(new EngineOptions { KvBlocks = 8, MaxRunning = 4 });
        var old = Add(engine, 32, 60, salt: 1);
        var young = Add(engine, 32, 60, salt: 2);

        Run(engine);

        Assert.Equal((60, 60), (old.Emitted, young.Emitted));
        Assert.Equal(0, old.Preemptions);
        Assert.True(young.Preemptions > 0);
        Assert.Equal(young.Preemptions, engine.Totals.Preemptions);
        Assert.Equal(8, engine.FreeBlocks);
    }

    [Fact]
    public void ACancelledSequenceLeavesAtTheNextStep()
    {
        var engine = new BatchEngine(new EngineOptions());
        var sequence = Add(engine, 64, 100);
        engine.Complete(engine.Plan(0));
        sequence.Cancel();

        engine.Plan(Second);

        Assert.Equal(SequenceState.Cancelled, sequence.State);
        Assert.False(engine.HasWork);
        Assert.Equal(engine.Options.KvBlocks, engine.FreeBlocks);
    }

    [Fact]
    public void WhatWasGeneratedForAClientThatLeftIsToldFromTheRest()
    {
        var engine = new BatchEngine(new EngineOptions());
        var (left, stayed) = (Add(engine, 64, 100), Add(engine, 64, 5, salt: 1));
        engine.Complete(engine.Plan(0));
        engine.Complete(engine.Plan(Second));
        left.Cancel();
        Run(engine);

        Assert.Equal((2, 5), (left.Emitted, stayed.Emitted));
        Assert.Equal((7, 2, 1), (engine.Totals.GeneratedTokens, engine.Totals.DiscardedTokens, engine.Totals.Aborted));
        engine.Reset();
        Assert.Equal(0, engine.Totals.DiscardedTokens);
    }

    private static Sequence Add(BatchEngine engine, int promptTokens, int answerTokens, ulong salt = 0)
    {
        var hashes = Enumerable.Range(0, promptTokens / 16).Select(i => (salt * 1_000_003) + (ulong)i).ToArray();
        var sequence = new Sequence(new Prompt(promptTokens, hashes, salt), answerTokens);
        engine.Add(sequence);
        return sequence;
    }

    private static void Run(BatchEngine engine)
    {
        var now = 0L;
        for (var steps = 0; engine.HasWork; steps++)
        {
            Assert.True(steps < 100_000, "the engine makes no progress");
            now += engine.Plan(now);
            engine.Complete(now);
        }
    }

    private static double Seconds(long nanoseconds) => nanoseconds / 1e9;
}
