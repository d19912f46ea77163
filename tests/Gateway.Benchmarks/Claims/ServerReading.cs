using System.Runtime.InteropServices;

namespace BlazeGateway.Benchmarks.Claims;

/// <summary>What one model server did since the last reset.</summary>
/// <param name="Answers">Answers generated to their end.</param>
/// <param name="BusySeconds">Seconds in which its engine computed.</param>
/// <param name="PromptTokens">Prompt tokens looked up in its prefix cache.</param>
/// <param name="CachedTokens">Those found there.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ServerReading(long Answers, double BusySeconds, long PromptTokens, long CachedTokens);
