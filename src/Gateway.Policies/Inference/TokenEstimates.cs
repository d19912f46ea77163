using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.Inference;

/// <summary>
/// How many tokens a request will turn out to have, told from its bytes before any model server sees it, and corrected by what they state afterwards:
/// bytes per prompt token and tokens of an answer, a moving average of each. No lock; two answers at one moment may count as one.
/// </summary>
internal sealed class TokenEstimates
{
    /// <summary>Bytes of a prompt that make a token, until a model server said otherwise.</summary>
    public const double FirstBytesPerToken = 4;

    /// <summary>Tokens of an answer, until there was one.</summary>
    public const double FirstOutput = 128;

    private const double Part = 0.05;
    private const int Longest = 1 << 24;
    private const int MostChoices = 128;

    private double _bytesPerToken = FirstBytesPerToken;
    private double _output = FirstOutput;
    private double _prompt;

    /// <summary>Bytes of a prompt that make a token.</summary>
    public double BytesPerToken => Volatile.Read(ref _bytesPerToken);

    /// <summary>Tokens an answer has on average.</summary>
    public double Output => Volatile.Read(ref _output);

    /// <summary>Tokens a prompt has on average, 0 before the first.</summary>
    public double Prompt => Volatile.Read(ref _prompt);

    /// <summary>Whether a model server has stated anything.</summary>
    public bool HasLearned => BytesPerToken != FirstBytesPerToken || Output != FirstOutput;

    /// <summary>What a request brings a destination to do: the answer is as long as others were, or as the request allows.</summary>
    public RequestWork Estimate(in InferenceFacts facts)
    {
        var prompt = (int)Math.Min(Longest, Math.Ceiling(facts.PromptBytes / BytesPerToken));
        Volatile.Write(ref _prompt, Prompt == 0 ? prompt : Prompt + (Part * (prompt - Prompt)));
        var output = facts.MaxOutputTokens >= 0 ? Math.Min(Output, facts.MaxOutputTokens) : Output;
        return new RequestWork(prompt, (int)Math.Min(Longest, output * Math.Clamp(facts.Choices, 1, MostChoices))) { IsStreamed = facts.Stream };
    }

    /// <summary>A model server stated what a request had. Answers that were broken off say nothing of the length of answers.</summary>
    public void Learn(in InferenceFacts facts, in TokenUsage usage, bool isWhole)
    {
        if (TextTokens.MayBe(facts.PromptBytes, usage.Prompt))
        {
            Move(ref _bytesPerToken, (double)facts.PromptBytes / usage.Prompt);
        }

        // Some servers make one answer however many are asked for.
        if (isWhole && usage.Completion > 0 && facts.Choices <= 1)
        {
            Move(ref _output, usage.Completion);
        }
    }

    private static void Move(ref double average, double sample)
    {
        var before = Volatile.Read(ref average);
        Volatile.Write(ref average, before + (Part * (sample - before)));
    }
}
