namespace BlazeGateway.Policies.LoadBalancing.Adaptive;

/// <summary>
/// Whether the cost model may decide. It is tried all the time: a share of requests is picked by power of two, and where those fare better the model is left
/// out for a minute and begins again; it is left out, too, while a destination's usual time predicts better than it does.
/// </summary>
/// <param name="arms">What each way to pick earned; null where nobody knows.</param>
internal sealed class ModelTrial(ArmBandit? arms = null)
{
    /// <summary>How long a model that lost is left out.</summary>
    public static readonly TimeSpan Bench = TimeSpan.FromSeconds(60);

    /// <summary>Answers until the model is used at all.</summary>
    public const int Cold = 50;

    /// <summary>Answers until it has learned what there is to learn, and fewer requests are held out.</summary>
    public const int Learned = 5000;

    // Far from where the number would wrap and the model be cold again.
    private const int MostAnswers = 1_000_000_000;

    private const double Memory = 0.995;
    private const double LongMemory = 0.9995;
    private const int Enough = 30;
    private const int Few = 8;

    // Arms are asked where they agree with the model, so that their rewards are about its own.
    private const double Close = 0.05;
    private const int EnoughErrors = 200;
    private const double Worse = 1.15;

    // A logarithm: within a third of what came is good, however steady times are.
    private const double GoodError = 0.3;

    private readonly DiscountedMean _error = new(Memory);
    private readonly DiscountedMean _usualError = new(Memory);
    private int _busy;
    private bool _predictsWorse;
    private long _benchedUntil;
    private int _answers;

    /// <summary>Rewards of picks that the model made.</summary>
    public DiscountedMean OfModel { get; } = new(LongMemory);

    /// <summary>Rewards of picks held out.</summary>
    public DiscountedMean OfHoldout { get; } = new(LongMemory);

    /// <summary>Answers seen.</summary>
    public int Answers => Volatile.Read(ref _answers);

    /// <summary>Mean absolute logarithm of how far predictions were off, lately.</summary>
    public double Error => _error.Value;

    /// <summary>The same, had each destination's usual time been the prediction.</summary>
    public double UsualError => _usualError.Value;

    /// <summary>How often the model was left out because it lost.</summary>
    public int Losses { get; private set; }

    /// <summary>Whether the model may decide at <paramref name="now"/>.</summary>
    public bool IsTrusted(TimeSpan now) => Answers >= Cold && now.Ticks >= Volatile.Read(ref _benchedUntil) && !PredictsWorse;

    /// <summary>Whether too little was seen to go by anything.</summary>
    public bool IsCold => Answers < Cold;

    /// <summary>
    /// Whether a destination's usual time predicts better than the model does: from when it is off by more than a third and by 1.15 times as much, until it is off by
    /// no more than that or than the usual time. Never while requests it places fare better than those held out, which is what predictions are for.
    /// </summary>
    public bool PredictsWorse => Volatile.Read(ref _predictsWorse) && !Wins;

    /// <summary>Whether rewards say that the model's picks fare no worse than those of every other way, or than those held out: enough of them, or few and so much better.</summary>
    private bool Wins => arms?.Leads(AdaptiveArms.Model, Enough, Close) == true
        || (OfHoldout.Weight > Enough && OfModel.Weight > Enough && OfModel.Value >= OfHoldout.Value)
        || (OfHoldout.Weight > Few && OfModel.Weight > Few && OfModel.Value - OfHoldout.Value > 2 * Math.Sqrt(OfHoldout.VarianceOfMean + OfModel.VarianceOfMean));

    /// <summary>An answer came whose first chunk was predicted.</summary>
    /// <param name="seconds">When it came.</param>
    /// <param name="predicted">What the model predicted.</param>
    /// <param name="usual">What its destination usually takes, 0 when not known.</param>
    public void Predicted(double seconds, double predicted, double usual)
    {
        if (Answers < MostAnswers)
        {
            Interlocked.Increment(ref _answers);
        }

        if (usual > 0 && Interlocked.Exchange(ref _busy, 1) == 0)
        {
            _error.Add(Math.Abs(Math.Log(seconds / predicted)));
            _usualError.Add(Math.Abs(Math.Log(seconds / usual)));
            var limit = _predictsWorse ? UsualError : Worse * UsualError;
            Volatile.Write(ref _predictsWorse, _usualError.Weight > EnoughErrors * 0.6 && Error > Math.Max(GoodError, limit));
            Volatile.Write(ref _busy, 0);
        }
    }

    /// <summary>A pick of the model's, or one held out, earned <paramref name="reward"/>.</summary>
    public void Rewarded(bool isHeldOut, double reward, TimeSpan now)
    {
        if (Interlocked.Exchange(ref _busy, 1) != 0)
        {
            return;
        }

        (isHeldOut ? OfHoldout : OfModel).Add(reward);
        if (isHeldOut && OfHoldout.Weight > Enough && OfModel.Weight > Enough
            && OfHoldout.Value - OfModel.Value > 2 * Math.Sqrt(OfHoldout.VarianceOfMean + OfModel.VarianceOfMean))
        {
            Volatile.Write(ref _benchedUntil, (now + Bench).Ticks);
            OfModel.Clear();
            OfHoldout.Clear();
            Losses++;
        }

        Volatile.Write(ref _busy, 0);
    }
}
