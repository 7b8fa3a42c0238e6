package org.alberttf.demo.view

import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.widget.ProgressBar
import android.widget.TextView
import org.alberttf.demo.R
import org.alberttf.demo.state.Demo
import org.alberttf.pipeline.tasks.ClassPrediction
import java.text.NumberFormat

/** Tells the class of a text, and how likely each is. */
class ClassificationTab(
    private val tab: View,
    private val demo: Demo,
) {
    private val answer: TextView = tab.findViewById(R.id.answer)
    private val bars: ViewGroup = tab.findViewById(R.id.bars)
    private val percent =
        NumberFormat.getPercentInstance().apply {
            minimumFractionDigits = 1
            maximumFractionDigits = 1
        }
    private val text =
        LongText(
            tab.findViewById(R.id.text),
            tab.findViewById(R.id.text_note),
            tab.findViewById(R.id.text_clear),
            demo.text,
            R.string.long_text,
            demo.classes::forget,
        )

    init {
        tab.findViewById<View>(R.id.ask).setOnClickListener { ask() }
        val sentences = tab.resources.getStringArray(R.array.sentences)
        offer(tab.findViewById(R.id.examples), sentences, ::choose)
        Outcome(tab, demo.classes, ::show)
    }

    /** Puts a bundled sentence into the field. */
    fun choose(number: Int) {
        demo.classes.forget()
        text.replace(tab.resources.getStringArray(R.array.sentences)[number])
    }

    private fun ask() {
        if (isMissing(tab.findViewById(R.id.text), demo.text)) return
        hideKeyboard(tab)
        demo.classes.ask(demo.text.text)
    }

    private fun show(prediction: ClassPrediction?) {
        bars.removeAllViews()
        if (prediction == null) return
        answer.text = prediction.label
        prediction.probabilities.forEach { (label, probability) -> addBar(label, probability) }
    }

    private fun addBar(
        label: String,
        probability: Float,
    ) {
        val bar = LayoutInflater.from(bars.context).inflate(R.layout.bar, bars, false)
        val share = percent.format(probability)
        bar.findViewById<TextView>(R.id.bar_label).text = label
        bar.findViewById<TextView>(R.id.bar_percent).text = share
        val progress: ProgressBar = bar.findViewById(R.id.bar_progress)
        progress.progress = (probability * progress.max).toInt()
        // Read as one: "positive, 97.3 %".
        bar.contentDescription = bar.context.getString(R.string.bar, label, share)
        bars.addView(bar)
    }
}
